"""`aegis upstream new` makes an upstream that runs, or one of a project that stands somewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Project, begun, forget_the_user, run


def passes(place: Path) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=place, check=False
    )
    return done.returncode == 0


def test_it_runs_and_nothing_is_wrong(tmp_path: Path) -> None:
    own = Project(tmp_path / "own")
    assert run("upstream", "new", own.path, "--json").json["made"] == str(own.path)
    own.write("base/uv.lock", "version = 1\n")
    own.commit("Start")
    assert not own.git("ls-files", "base/uv.lock")
    for words in ("check", "series check", "check HEAD"):
        assert own.aegis("upstream", *words.split()).out == "Nothing is wrong.\n"
    assert passes(own.path / "base")
    own.git("tag", "v1.0")
    made = begun(tmp_path / "x", "--upstream", str(own.path), "--components", "greet")
    assert passes(made.path)
    assert "Amber" not in made.read("pyproject.toml")


def test_a_project_becomes_the_base(tmp_path: Path) -> None:
    there = Project(tmp_path / "there")
    there.write("pyproject.toml", '[project]\nname = "lantern-api"\ndescription = "Shines."\n')
    there.write(".gitignore", "/secret\n/data/\n")
    there.write("data/.keep", "")
    there.write("secret", "x")
    there.write("uv.lock", "version = 1\n")
    there.write("app/run.sh", "#!/bin/sh\n")
    (there.path / "app/run.sh").chmod(0o755)
    there.git("init", "--quiet")
    there.git("add", "--force", "data/.keep")
    own = Project(tmp_path / "own")
    assert "problems" not in run("upstream", "new", own.path, "--from", there.path, "--json").json
    assert own.aegis("upstream", "series", "test").out == "No series brings a test_*.py.\n"
    assert 'project_name = "lantern-api"' in own.read("base/aegis.toml")
    assert not (own.path / "base/secret").exists()
    assert not (own.path / "base/uv.lock").exists()
    assert not (own.path / "base/app/__main__.py").exists()
    assert [each.name for each in (own.path / "patches").iterdir()] == ["README.md"]
    own.commit("Start")
    own.git("tag", "v1.0")
    mine = begun(tmp_path / "my-api", "--upstream", str(own.path))
    assert 'name = "my-api"' in mine.read("pyproject.toml")
    assert mine.git("ls-files", "--stage", "app/run.sh").startswith("100755")
    assert mine.git("ls-files", "data")


@pytest.mark.parametrize("text", ["<<<<<<<", "project = 1", '[project]\nauthors = ["Ada"]'])
def test_a_project_that_does_not_say_who_it_is(tmp_path: Path, text: str) -> None:
    there = Project(tmp_path / "lantern")
    there.write("pyproject.toml", text)
    there.git("init", "--quiet")
    own = tmp_path / "own"
    assert run("upstream", "new", own, "--from", there.path).code < 2
    assert 'project_name = "lantern"' in (own / "base/aegis.toml").read_text()


def test_nothing_is_made_of_a_project_whose_record_is_broken(tmp_path: Path) -> None:
    there = Project(tmp_path / "there")
    there.write("aegis.toml", "<<<<<<<")
    there.git("init", "--quiet")
    assert run("upstream", "new", tmp_path / "own", "--from", there.path).code == 1
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("made_by_a_host", [False, True])
def test_nothing_is_left_of_one_that_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_by_a_host: bool
) -> None:
    there, own = Project(tmp_path / "there"), Project(tmp_path / "own")
    there.write("README.md", "hello\n")
    there.git("init", "--quiet")
    if made_by_a_host:
        own.path.mkdir()
        own.git("init", "--quiet", "--initial-branch=theirs")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copy2", interrupt)
        assert run("upstream", "new", own.path, "--from", there.path).code == 130
    assert own.path.exists() == made_by_a_host
    assert run("upstream", "new", own.path, "--from", there.path).code == 0
    assert own.read("base/README.md") == "hello\n"
    if made_by_a_host:
        assert own.git("symbolic-ref", "HEAD") == "refs/heads/theirs"


def test_answers_may_stand_in_any_file(tmp_path: Path) -> None:
    there = Project(tmp_path / "lantern")
    there.write("src/lantern_light/settings.py", 'NAME = "lantern"\nPORT = 8000\n')
    there.git("init", "--quiet")
    own = Project(tmp_path / "own")
    made = run("upstream", "new", own.path, "--from", there.path, "--json").json
    [problem] = made["problems"]
    assert "project_name 'lantern' stands in none of README.md" in problem["what"]
    assert "[identity]" in problem["next"]
    listed = own.read("base/aegis.toml")
    for files, wrong in (
        ('"src/lantern_light/settings.py"', []),
        ('"src/lantern_light/settings.py", "gone"', ["[identity] lists gone, which isn't there"]),
        ("1", ["files of [identity] is no list of texts"]),
        ('"aegis.toml"', ["[identity] lists aegis.toml, which has its answers"]),
    ):
        own.write("base/aegis.toml", f"{listed}\n[identity]\nfiles = [{files}]\n")
        found = run("-C", own.path, "upstream", "check", "--json").json["problems"]
        assert [each["what"] for each in found] == wrong
        if not wrong:
            own.commit("Start")
            own.git("tag", "v1.0")
    mine = begun(tmp_path / "my-api", "--upstream", str(own.path))
    mine.edit("src/lantern_light/settings.py", "8000", "8001")
    mine.commit("Mine")
    mine.aegis("answers", "project_name=Depot")
    assert mine.read("src/lantern_light/settings.py") == 'NAME = "depot"\nPORT = 8001\n'
    assert mine.is_sound()


def test_an_upstream_asks_for_more(own: Project, tmp_path: Path) -> None:
    own.edit(
        "base/aegis.toml",
        "\n[components]",
        'region = "amber-1"\nteam = "Amberites"\n\n[components]',
    )
    choices = '\n[identity.choices]\nregion = ["amber-1", "cobalt-2"]\n'
    own.write("base/aegis.toml", own.read("base/aegis.toml") + choices)
    own.write("base/README.md", f"{own.read('base/README.md')}\nIt runs in amber-1.\n")
    [problem] = run("-C", own.path, "upstream", "check", "--json").json["problems"]
    assert problem["what"].startswith("team 'Amberites' stands in none of")
    own.write("base/README.md", f"{own.read('base/README.md')}\nAmberites: ask us.\n")
    assert own.aegis("upstream", "check").out == "Nothing is wrong.\n"
    own.commit("Start")
    own.git("tag", "v1.0")
    started = ("init", tmp_path / "shop", "-y", "--upstream", own.path, "--answer")
    assert "must be amber-1 or cobalt-2" in run(*started, "region=x").err
    assert "must be one line of text" in run(*started, "team=").err
    assert run(*started, "region=cobalt-2").code == 0
    shop = Project(tmp_path / "shop")
    assert "It runs in cobalt-2.\n\nAmberites: ask us.\n" in shop.read("README.md")
    shop.aegis("answers", "team=The shop's")
    assert shop.subjects[0] == "Answer team"
    assert "The shop's: ask us.\n" in shop.read("README.md")
    assert "No answer 'colour'" in shop.aegis("answers", "colour=red", code=1).err
    own.edit("base/aegis.toml", '"cobalt-2"', '"cobalt-3"')
    own.commit("Move")
    own.git("tag", "v1.1")
    assert "region is cobalt-2, not amber-1 or cobalt-3;" in shop.aegis("rebase-upstream").out
    assert shop.is_sound()


@pytest.mark.parametrize(
    ("asked", "offered", "says"),
    [
        ('region = "amber-1"', "[ identity.choices ]\nregion = ['x']", "region must be x"),
        ('region = "amber-1"', "[identity]\nchoices.region = ['amber-1', '']", "one line of text"),
        ('region = "amber-1"', "[identity.choices]\nreigon = ['x']", "No answer 'reigon'"),
        ("", "[identity.choices]\nauthor_name = ['x']", "author_name must be x"),
        ('region = "amber-1"\nteam = "amber-1"', "", "region and team are both 'amber-1'"),
        ('region = "amber-finch"', "", "region and slug are both 'amber-finch'"),
        ('slug = "amber-1"', "", "can't ask for the answer 'slug'"),
    ],
)
def test_what_cannot_be_asked_is_found(own: Project, asked: str, offered: str, says: str) -> None:
    own.edit("base/aegis.toml", "\n[components]", f"{asked}\n\n[components]")
    own.write("base/aegis.toml", f"{own.read('base/aegis.toml')}\n{offered}\n")
    own.write("base/README.md", f"{own.read('base/README.md')}\nIt runs in amber-1.\n")
    [problem] = run("-C", own.path, "upstream", "check", "--json").json["problems"]
    assert says in problem["what"]


def test_an_upstream_may_ask_for_the_name_alone(
    own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = own.read("base/aegis.toml").splitlines(keepends=True)
    others = ("description", "author_name", "author_email")
    own.write("base/aegis.toml", "".join(line for line in lines if not line.startswith(others)))
    own.commit("Start")
    own.git("tag", "v1.0")
    assert own.aegis("upstream", "check").out == "Nothing is wrong.\n"
    of_it = ("--upstream", str(own.path))
    begun(tmp_path / "snow ☃", *of_it)
    mine = begun(tmp_path / "my-api", *of_it)
    assert "description" not in mine.read("aegis.toml")
    assert 'description = "A small program that sings."' in mine.read("pyproject.toml")
    error = mine.aegis("answers", "description=x", "--json", code=1).json["error"]
    assert error["what"] == "No answer 'description'."
    mine.aegis("answers", "project_name=Other Name")
    assert 'name = "other-name"' in mine.read("pyproject.toml")
    forget_the_user(monkeypatch)
    ran = run("init", tmp_path / "nobody", "-y", *of_it)
    assert "git doesn't know who you are" in ran.out, ran.err


def test_a_project_of_aegis_keeps_its_answers(tmp_path: Path) -> None:
    begun(tmp_path / "quite-new", "--components", "cache")
    ran = run("upstream", "new", tmp_path / "own", "--from", tmp_path / "quite-new", "--json")
    record = (tmp_path / "own/base/aegis.toml").read_text()
    assert 'project_name = "quite-new"' in record
    assert 'url = ""' in record
    assert "cache" not in record
    assert ran.code == 0


def test_what_has_to_be_changed_is_listed(tmp_path: Path) -> None:
    there = Project(tmp_path / "there")
    there.write("README.md", "hello\n")
    (there.path / "link").symlink_to("../elsewhere")
    there.git("init", "--quiet")
    made = run("upstream", "new", tmp_path / "own", "--from", there.path, "--json").json
    assert [each["where"] for each in made["problems"]] == ["base/link"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("own", "isn't empty"),
        ("new --from plain", "isn't in git"),
    ],
)
def test_what_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, says: str
) -> None:
    for path in ("own/x", "plain/x"):
        Project(tmp_path).write(path, "x")
    monkeypatch.chdir(tmp_path)
    ran = run("upstream", "new", *words.split(), "--json")
    assert (ran.code, says in ran.json["error"]["what"]) == (1, True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["own", "plain"]
