"""What kubectl makes of the manifests: valid, and clean for a linter.

Of everything, and of each two components that have manifests; a third brings no file of its own.
The linter, which takes seconds for each, looks at everything and at each alone.
"""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

import pytest
import uv

from tests import stacks
from tests.containers import run

pytestmark = pytest.mark.long

CHECKOV = "checkov==3.3.30"
MEANT = {
    "CKV_K8S_9": {"redis", "scheduler", "worker"},  # no requests are spread over them
    "CKV_K8S_11": ...,  # a CPU limit slows requests down while the node has nothing else to do
    "CKV_K8S_15": ...,  # each tag is of one version, so the image that a node has is the right one
    "CKV_K8S_21": ...,  # whoever applies them says in which namespace
    "CKV_K8S_35": ...,  # secrets are settings of the environment, as they are in Compose
    "CKV_K8S_40": {"postgres"},  # the user in its image, by whose name initdb asks
    "CKV_K8S_43": ...,  # no registry of images is reached from here that could be asked for digests
}
"""What the linter finds and we keep, by its rule: in which objects, or anywhere."""


def test_manifests_are_valid_and_follow_the_policies(tmp_path: Path, python: Path) -> None:
    rendered, linted = tmp_path / "rendered", tmp_path / "linted"
    rendered.mkdir()
    linted.mkdir()
    parts = [name for name in stacks.everything() if f"kubernetes+{name}" in stacks.catalogue()]
    some = [(), *((part,) for part in parts), *itertools.combinations(parts, 2), tuple(parts)]
    for number, names in enumerate(some):  # names of projects have a limit
        project = stacks.make(tmp_path / f"my-api-{number}", "kubernetes", *names)
        made = run(["kubectl", "kustomize", project.path / "deploy/kubernetes"])
        (rendered / f"{stacks.label(names)}.yaml").write_text(made)
        if len(names) != 2:
            (linted / f"{stacks.label(names)}.yaml").write_text(made)
    files = sorted(rendered.iterdir())
    run([python.parent / "kubernetes-validate", "--strict", *files])
    found = findings(linted)
    assert {rule: found[rule] for rule in found if rule not in MEANT} == {}
    assert found.keys() == MEANT.keys(), "no longer found"
    for rule, meant in MEANT.items():
        assert meant in (..., found[rule]), rule


def findings(directory: Path) -> dict[str, set[str]]:
    """What Checkov finds, by rule: the names of the objects."""
    command = [uv.find_uv_bin(), "tool", "run", CHECKOV, "--framework", "kubernetes"]
    command += ["--directory", str(directory), "--skip-download", "--quiet", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    found: dict[str, set[str]] = {}
    for each in report["results"]["failed_checks"]:
        found.setdefault(each["check_id"], set()).add(each["resource"].rpartition(".")[2])
    assert report["summary"]["passed"] > 0, done.stderr
    return found
