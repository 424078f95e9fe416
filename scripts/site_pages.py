"""Pages of the site that are generated when it is built, and links out of docs/; see mkdocs.yml.

The reference comes from the command's own help and from the components' own pages, so it cannot
be out of date. A link from a page to another file of the repository leads to its web page, if
pyproject.toml has one.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aegis_patch.objects.scratch import scratch
from aegis_patch.stack import component, pristine
from aegis_patch.upstream import releases

FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
TOP = {"CONTRIBUTING.md": "contributing/index.md", "CHANGELOG.md": "changelog.md"}
"""Files beside docs/ that are pages of the site."""
COMPONENTS = "reference/components"
CORE = "reference/README.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    made = dict(top_pages())
    made["reference/commands.md"] = commands()
    made["reference/json.md"] = json_output()
    made.update(component_pages())
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List every decision and every component below its page."""
    assert config.nav
    for section in config.nav:
        for entries in section.values():
            if isinstance(entries, list):
                entries[:] = [grown(entry) for entry in entries]
    return config


def grown(entry: str | dict[str, str]) -> object:
    """An entry of the navigation, with all that belongs to it."""
    if entry == {"Decisions": "decisions/README.md"}:
        rest = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
        return {"Decisions": ["decisions/README.md", *(f"decisions/{page.name}" for page in rest)]}
    if entry == {"Components": "components.md"}:
        return {"Components": ["components.md", *component_pages()]}
    return entry


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Lead every link to where its target is."""
    path = page.file.src_uri
    markdown = markdown.replace("```console\n", "```bash\n")  # coloured, where no prompt is shown
    source = next((top for top, made in TOP.items() if made == path), f"docs/{path}")
    if path.startswith(f"{COMPONENTS}/") or path == CORE:
        return relinked(markdown, lambda link: inside_project(link, path, files))
    if path == "components.md":
        markdown = markdown.replace("| core |", f"| [core]({CORE}) |")
        page_of = rf"| [`\1`]({COMPONENTS}/\1.md) |"
        markdown = re.sub(r"^\| `([\w+-]+)` \|", page_of, markdown, flags=re.MULTILINE)
    # In the repository, a component's name leads to the list; here to its own page.
    its_own = rf"[\1](\2{COMPONENTS}/\1.md)"
    markdown = re.sub(r"\[([a-z]+)\]\(((?:\.\./)*)components\.md\)", its_own, markdown)
    return relinked(markdown, lambda link: inside_repository(link, source, path))


def relinked(markdown: str, lead: object) -> str:
    """A page whose relative links are passed through `lead`; code stays as it is."""
    assert callable(lead)

    def change(found: re.Match[str]) -> str:
        image, text, link = found.groups()
        if re.match(r"[a-z]+:|#", link):
            return found[0]
        leads = lead(link)
        return f"{image}[{text}]({leads})" if leads else text

    parts, end = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(change, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, LINK.sub(change, markdown[end:])])


def inside_repository(link: str, source: str, page: str) -> str | None:
    """Where a link of a file of this repository leads on the site; None: nowhere."""
    path, _, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    made = TOP.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
    if made:
        return posixpath.relpath(made, posixpath.dirname(page)) + (anchor and f"#{anchor}")
    home = web_page()
    return f"{home}/blob/HEAD/{target}" if home else None


def inside_project(link: str, page: str, files: Files) -> str | None:
    """Where a link of a component's page leads: to another component's page, or nowhere."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link.partition("#")[0]))
    return link if files.get_file_from_path(path) else None


def web_page() -> str | None:
    """Where the repository can be read, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, url in project.get("urls", {}).items():
        if name.lower() in ("repository", "source"):
            return str(url).rstrip("/")
    return None


def top_pages() -> Iterator[tuple[str, str]]:
    """The pages made of files beside docs/."""
    for source, page in TOP.items():
        yield page, (ROOT / source).read_text()


def commands() -> str:
    """Every command, as its help says it."""
    top = helped()
    sections = [f"## aegis {name}\n\n```text\n{shown}```\n" for name, shown in below("", top)]
    assert sections, top
    head = "# Commands\n\nGenerated from `--help`. Exit codes are in"
    contract = "[the contract](../architecture.md#the-commands-contract), `--json` [here](json.md)."
    return f"{head} {contract}\n\n```text\n{top}```\n\n" + "\n".join(sections)


def below(group: str, shown: str) -> Iterator[tuple[str, str]]:
    """The commands that a help lists, and those below them, each with its help."""
    listed = shown.partition("\nCommands:\n")[2]
    for name in re.findall(r"^  (\S+)", listed, re.MULTILINE):
        whole = f"{group} {name}".strip()
        its = helped(*whole.split())
        yield whole, its
        yield from below(whole, its)


def json_output() -> str:
    """What --json prints, as its schema says it."""
    schema = (ROOT / "aegis_patch/terminal/output.schema.json").read_text()
    return f"""# JSON

With `--json`, every command prints exactly one object on standard output, on failure too. Its
schema (draft 2020-12) is in the package, at `aegis_patch/terminal/output.schema.json`; each of its
`$defs` says which commands it is for, and `error` is for any that failed. `aegis rebase-upstream
--dry-run --json`, for example, lists the commits, conflicts and update notes to come.

```json
{schema}```
"""


def helped(*words: str) -> str:
    """What `aegis … --help` prints."""
    command = [sys.executable, "-m", "aegis_patch", *words, "--help"]
    env = {**os.environ, "COLUMNS": "96", "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def component_pages() -> dict[str, str]:
    """The pages that the newest release's core and components bring into a project."""
    with scratch(releases.alternates()) as store:
        opened = releases.open_release(store, releases.BUNDLED, releases.latest())
        chosen = {name for name, each in opened.catalogue.items() if component.is_chosen(each)}
        every = pristine.fold(opened, opened.catalogue)
        texts = {
            path.removeprefix("docs/components/"): every.read(path)
            for path in every.files("docs/components")
        }
        core = every.read("docs/README.md").decode().replace("# Documentation", "# Core", 1)
    first = sorted(texts, key=lambda name: (name.removesuffix(".md") not in chosen, name))
    return {CORE: core, **{f"{COMPONENTS}/{name}": texts[name].decode() for name in first}}
