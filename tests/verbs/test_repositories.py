"""Repositories as they are (docs/guides/repositories.md): each works, or is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ConfigLevel

from tests.conftest import OLDER, Project, Start, begun, everything, git, lack, needs, run

Configured = Callable[[Mapping[str, str]], None]

NOBODY = 65534


def works(project: Project) -> None:
    """A whole life leaves what there was, and nothing for git to complain of."""
    before = project.tree
    project.aegis("status")
    project.aegis("add", "worker")
    assert project.is_sound()
    project.aegis("remove", "worker")
    assert project.tree == before
    assert project.is_sound()


def refused(project: Project, says: str, *verbs: str) -> str:
    """Both a look and a verb are refused, and nothing is written; the command to type."""
    before = content(project.path)
    for verb in verbs or ("status", "add worker"):
        ran = project.aegis(*verb.split(), code=1)
        assert says in ran.err
    assert content(project.path) == before
    return ran.next


def content(path: Path) -> dict[Path, bytes]:
    """Every file, also of git's own."""
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


def conflict(project: Project) -> None:
    """A conflict is entered, goes back, and is entered and resolved."""
    project.collide()
    project.aegis("add", "ingress", code=3)
    project.git("cherry-pick", "--abort")
    assert project.is_sound()
    project.aegis("add", "ingress", code=3)
    project.git("checkout", "--theirs", "compose.yaml")
    project.git("add", "compose.yaml")
    project.git("cherry-pick", "--continue")
    assert project.is_sound()


def test_a_linked_worktree(start: Start, tmp_path: Path) -> None:
    project = start()
    project.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    works(Project(tmp_path / "linked"))
    conflict(Project(tmp_path / "linked"))
    assert project.is_sound()
    assert len(project.subjects) == 1


def test_a_worktree_with_a_configuration_of_its_own(start: Start, tmp_path: Path) -> None:
    project = start()
    project.git("config", "extensions.worktreeConfig", "true")
    project.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    linked = Project(tmp_path / "linked")
    linked.git("config", "--worktree", "user.name", "Linked")
    works(linked)
    assert linked.git("log", "-1", "--format=%cn") in ("Linked", "Uma User")


def test_a_shallow_clone(start: Start, tmp_path: Path) -> None:
    project = start("ingress")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project.path}", "shallow")
    works(Project(tmp_path / "shallow"))


def test_a_clone_that_borrows_its_objects(start: Start, tmp_path: Path) -> None:
    project = start("ingress")
    git(tmp_path, "clone", "--quiet", "--shared", str(project.path), "shared")
    works(Project(tmp_path / "shared"))


def test_a_project_with_a_submodule(start: Start, tmp_path: Path) -> None:
    library = start(name="library")
    project = start()
    project.add_submodule(library, "vendor/lib")
    project.commit("A submodule")
    works(project)
    conflict(project)
    assert (project.path / "vendor/lib/aegis.toml").exists()


def test_a_project_that_is_a_submodule(start: Start, tmp_path: Path) -> None:
    project, outer = start(), start(name="outer")
    outer.add_submodule(project, "services/api")
    outer.commit("A submodule")
    works(Project(outer.path / "services/api"))
    assert "services/api" in outer.git("status", "--porcelain")


def test_a_subdirectory_of_a_monorepo(start: Start) -> None:
    outer = start(name="outer")
    api = begun(outer.path / "services/api")
    before = outer.git("rev-parse", "HEAD:app")
    works(api)
    conflict(api)
    assert outer.git("rev-parse", "HEAD:app") == before


def test_a_detached_head_is_refused(start: Start) -> None:
    project = start()
    project.git("checkout", "--quiet", "--detach")
    refused(project, "detached HEAD", "add worker")
    project.aegis("status")
    project.git("switch", "--quiet", "-c", "new")
    works(project)


@pytest.mark.parametrize("theirs", [".", ".git"])
def test_a_repository_of_somebody_else_is_refused(
    start: Start, configured: Configured, theirs: str
) -> None:
    if os.geteuid():
        lack("only root can give a repository away")
    configured({})  # the command below changes the settings of the user
    project = start()
    given = project.path / theirs
    for path in (given, *given.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    command = refused(project, "belongs to another user")
    assert command == f"git config --global --add safe.directory {project.path}"
    project.paste(command)
    works(project)


def test_hooks_of_a_commit_do_not_run(start: Start) -> None:
    project = start()
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "post-checkout"):
        hook = project.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {project.path}/.git/ran-{name}\nexit 1\n")
        hook.chmod(0o755)
    works(project)
    assert not list((project.path / ".git").glob("ran-*"))


def lfs(project: Project) -> str:
    needs("git-lfs")
    project.git("lfs", "install", "--local")
    return ".gitattributes"


def encrypted(project: Project) -> str:
    for name in ("clean", "smudge"):
        project.git("config", f"filter.encrypted.{name}", "tr a-zA-Z n-za-mN-ZA-M")
    return ".git/info/attributes"


@pytest.mark.parametrize("filtered", [lfs, encrypted])
def test_files_that_a_filter_stores(start: Start, filtered: Callable[[Project], str]) -> None:
    """What is unedited counts as that, in the form in which git has it."""
    project = start("database", version=OLDER)
    attributes = f"docs/** filter={filtered.__name__}\napp/**/*.mako filter={filtered.__name__}\n"
    project.write(filtered(project), attributes)
    project.git("add", "--renormalize", ".")
    project.commit()
    works(project)
    project.aegis("rebase-upstream")
    assert project.is_sound()
    conflict(project)
    assert "database" in project.aegis("explain", "docs/components/database.md").out
    assert project.aegis("status", "--json").json["changed"] == []
    page = "docs/components/ingress.md"
    assert "Traefik" in project.read(page)
    assert "Traefik" not in project.git("show", f"HEAD:{page}")


def test_files_that_moved_out_of_a_filter(start: Start) -> None:
    project = start()
    encrypted(project)
    project.write(".gitattributes", "docs/** filter=encrypted\n")
    project.git("add", "--renormalize", ".")
    project.commit()
    project.git("mv", "docs", "handbook")
    project.commit()
    [page] = project.aegis("status", "--json").json["changed"]
    assert (page["change"], page["moved_to"]) == ("moved", "handbook/README.md")


def test_attributes_that_are_a_link(start: Start) -> None:
    """git follows no link there."""
    project = start()
    encrypted(project)
    project.write("rules", "docs/** filter=encrypted\n")
    (project.path / ".gitattributes").symlink_to("rules")
    project.commit()
    assert project.aegis("status", "--json").json["changed"] == []


def test_a_file_in_git_lfs_that_both_changed(start: Start) -> None:
    """It stays whole: markers within a pointer would leave no picture to look at."""
    project, page = start(version=OLDER), "docs/README.md"
    lfs(project)
    project.git("lfs", "track", page)
    project.write(page, "Mine\n")
    project.commit()
    project.aegis("rebase-upstream", code=3)
    assert project.read(page) == "Mine\n"
    project.git("checkout", "--theirs", page)
    project.git("add", page)
    project.git("cherry-pick", "--continue")
    assert project.is_sound()
    assert project.aegis("status", "--json").json["changed"] == []


def ssh(project: Project, tmp_path: Path) -> str:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    project.git("config", "gpg.format", "ssh")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"uma@example.org {key.with_suffix('.pub').read_text()}")
    project.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    return str(key)


def openpgp(project: Project, tmp_path: Path) -> str:
    needs("gpg")
    who = "Uma User <uma@example.org>"
    quiet = ("--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback")
    subprocess.run(
        ["gpg", *quiet, "--quick-generate-key", who, "ed25519", "sign"],
        check=True,
        capture_output=True,
    )
    return "uma@example.org"


@pytest.mark.parametrize("make", [ssh, openpgp])
def test_commits_are_signed_where_git_would_sign(
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Project, Path], str],
) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    project = start()
    project.git("config", "user.signingKey", make(project, tmp_path))
    project.git("config", "commit.gpgSign", "true")
    try:
        works(project)
        assert project.git("log", "--format=%G?", "-2").splitlines() in (["G", "G"], ["U", "U"])
        assert project.git("log", "--format=%G?").splitlines()[-1] == "N"
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)


def test_a_signature_that_fails_leaves_the_old_state(start: Start, tmp_path: Path) -> None:
    project = start()
    for key, value in (("gpg.format", "ssh"), ("user.signingKey", str(tmp_path / "none"))):
        project.git("config", key, value)
    project.git("config", "commit.gpgSign", "true")
    before = everything(project.path, objects=False)
    project.aegis("add", "worker", code=1)
    assert everything(project.path, objects=False) == before


def test_a_bare_repository_is_refused(start: Start, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(start().path), "bare")
    bare = Project(tmp_path / "bare")
    assert refused(bare, "A bare repository").startswith("git clone ")
    # Where the last commit has no record, there is nowhere to put it back.
    empty = bare.git("hash-object", "-w", "-t", "tree", "/dev/null").strip()
    gone = bare.git("commit-tree", "-p", "HEAD", "-m", "Gone", empty).strip()
    bare.git("update-ref", "HEAD", gone)
    assert "git checkout" not in refused(bare, "Not an aegis project")


def test_sha_256_is_refused(start: Start, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "new")
    project = Project(tmp_path / "new")
    shutil.copytree(start().path, project.path, dirs_exist_ok=True, ignore=lambda *_: [".git"])
    project.commit()
    command = refused(project, "SHA-256")
    assert "git fast-export" in command
    project.paste(command)
    works(Project(tmp_path / "new-sha1"))


def test_reftable_is_refused(start: Start) -> None:
    project = start()
    project.git("config", "core.repositoryFormatVersion", "1")
    project.git("config", "extensions.refStorage", "reftable")
    linked = project.path / ".git/worktrees"  # as `git worktree add` makes it
    linked.mkdir()
    assert "`git worktree remove PATH`" in refused(project, "reftable")  # git migrates none
    linked.rmdir()
    command = refused(project, "reftable")
    assert command == "git refs migrate --ref-format=files"


def test_an_extension_that_nobody_knows_is_refused(start: Start) -> None:
    project = start()
    project.git("config", "core.repositoryFormatVersion", "1")
    project.git("config", "extensions.fromTheFuture", "true")
    refused(project, "extensions.fromthefuture")


def test_a_partial_clone_is_refused(start: Start, tmp_path: Path) -> None:
    project = start()
    project.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{project.path}"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", "--origin", "my.fork", url, "partial")
    partial = Project(tmp_path / "partial")
    partial.paste(refused(partial, "partial clone"))
    works(partial)


@pytest.mark.parametrize("index", ["--no-sparse-index", "--sparse-index"])
def test_a_sparse_checkout(start: Start, index: str) -> None:
    project = start()
    project.git("sparse-checkout", "set", "--cone", index, "docs")
    works(project)
    conflict(project)
    assert not (project.path / "app").exists()
    project.git("sparse-checkout", "disable")
    assert (project.path / "app/components/ingress").is_dir()
    assert project.is_sound()


@pytest.mark.parametrize("settings", [(), ("splitIndex.maxPercentChange", "0")])
def test_a_split_index(start: Start, settings: tuple[str, ...]) -> None:
    project = start()
    if settings:
        project.git("config", *settings)
    project.git("config", "core.splitIndex", "true")
    project.git("update-index", "--split-index")
    assert list((project.path / ".git").glob("sharedindex.*"))
    works(project)
    conflict(project)


@pytest.mark.parametrize(
    ("key", "value"), [("core.untrackedCache", "true"), ("index.version", "4")]
)
def test_an_index_of_another_kind(start: Start, key: str, value: str) -> None:
    project = start()
    project.git("config", key, value)
    project.git("update-index", "--force-write-index")
    works(project)


def separate(project: Project, elsewhere: Path) -> None:
    project.git("init", "--quiet", f"--separate-git-dir={elsewhere}", ".")


def relative(project: Project, elsewhere: Path) -> None:
    separate(project, elsewhere)
    project.write(".git", f"gitdir: {os.path.relpath(elsewhere, project.path)}\n")


def linked(project: Project, elsewhere: Path) -> None:
    (project.path / ".git").rename(elsewhere)
    (project.path / ".git").symlink_to(elsewhere)


@pytest.mark.parametrize("move", [separate, relative, linked])
def test_a_git_directory_elsewhere(
    start: Start, tmp_path: Path, move: Callable[[Project, Path], None]
) -> None:
    project = start()
    move(project, tmp_path / "elsewhere")
    works(project)
    conflict(project)
    works(begun(project.path / "services/api"))


def test_a_worktree_of_a_git_directory_elsewhere(start: Start, tmp_path: Path) -> None:
    project = start()
    separate(project, tmp_path / "elsewhere")
    project.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    works(Project(tmp_path / "linked"))
    conflict(Project(tmp_path / "linked"))
    assert project.is_sound()


def test_a_worktree_of_a_bare_repository(start: Start, tmp_path: Path) -> None:
    around = tmp_path / "around"
    git(tmp_path, "clone", "--quiet", "--bare", str(start().path), str(around / ".bare"))
    (around / ".git").write_text("gitdir: ./.bare\n")
    git(around, "worktree", "add", "--quiet", "-b", "feature", "feature")
    works(Project(around / "feature"))
    conflict(Project(around / "feature"))


def test_a_worktree_that_was_moved_is_refused(start: Start, tmp_path: Path) -> None:
    project = start()
    project.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    moved = Project((tmp_path / "linked").rename(tmp_path / "moved"))
    moved.paste(refused(moved, "git expects this repository's worktree at"))
    works(moved)


def test_a_worktree_whose_repository_was_moved_is_refused(start: Start, tmp_path: Path) -> None:
    project = start()
    project.git("worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    moved = project.path.rename(tmp_path / "moved")
    command = refused(Project(tmp_path / "linked"), "leads to no repository")
    command = command.partition("`")[2].removesuffix("`")
    Project(moved).paste(command.replace("MAIN-WORKTREE", str(moved)))
    works(Project(tmp_path / "linked"))


def test_a_git_file_that_is_none_is_refused(start: Start, tmp_path: Path) -> None:
    project = start()
    (project.path / ".git").rename(tmp_path / "elsewhere")
    project.write(".git", "what was this?\n")
    says = refused(project, "a .git file that git can't read")
    assert says == "Where is its git directory? Write `gitdir: PATH` into .git"
    assert run("init", project.path / "services/api", "-y").code == 1
    project.write(".git", f"gitdir: {tmp_path / 'elsewhere'}\n")
    works(project)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_worktree_configured_elsewhere_is_refused(
    start: Start, tmp_path: Path, is_there: bool
) -> None:
    project = start()
    if is_there:
        (tmp_path / "files").mkdir()
    project.git("config", "core.worktree", str(tmp_path / "files"))
    project.paste(refused(project, "git expects this repository's worktree at"))
    works(project)


@pytest.mark.parametrize("config", ["[core]\n\tworktree = ..\n", "[core\n"])
def test_a_worktree_is_not_blamed_for_what_is_no_repository(start: Start, config: str) -> None:
    project = start()
    project.write(".git/config", config)
    (project.path / ".git/HEAD").unlink()
    refused(project, "Not a git repository")


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """Settings of the user's git for all that follows; a name in capitals is of the environment."""
    before = pygit2.settings.search_path[ConfigLevel.GLOBAL]

    def configure(settings: Mapping[str, str]) -> None:
        file = shutil.copyfile(os.environ["GIT_CONFIG_GLOBAL"], tmp_path / ".gitconfig")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
        pygit2.settings.search_path[ConfigLevel.GLOBAL] = str(tmp_path)
        for name, value in settings.items():
            if name.isupper():
                monkeypatch.setenv(name, value)
            else:
                git(tmp_path, "config", "--global", name, value)

    yield configure
    pygit2.settings.search_path[ConfigLevel.GLOBAL] = before


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "default",
    [
        {"GIT_DEFAULT_HASH": "sha256"},
        {"GIT_DEFAULT_REF_FORMAT": "reftable"},
        {"init.defaultObjectFormat": "sha256"},
        {"init.defaultRefFormat": "reftable"},
        {"feature.experimental": "true"},
    ],
)
def test_init_where_the_default_is_what_we_refuse(
    tmp_path: Path, configured: Configured, default: dict[str, str], inside: bool
) -> None:
    configured(default)
    if inside:
        (tmp_path / "new").mkdir()
    made = begun(tmp_path / "new")
    assert len(made.head) == 40
    works(made)


TEMPLATES = {
    "format": "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n",
    "elsewhere": "[core]\nworktree = /nowhere\n",
    "partial": '[remote "origin"]\npartialclonefilter = blob:none\n',
    "bare": "[core]\nbare = true\n",
    "sparse": "[core]\nsparseCheckout = true\nsparseCheckoutCone = true\n[index]\nsparse = true\n",
}


@pytest.mark.parametrize("config", TEMPLATES.values(), ids=TEMPLATES)
def test_init_with_templates(tmp_path: Path, configured: Configured, config: str) -> None:
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks/pre-commit").write_text("#!/bin/sh\n")
    (template / "config").write_text(config)
    configured({"init.templateDir": str(template)})
    made = begun(tmp_path / "new")
    assert (made.path / ".git/hooks/pre-commit").exists()
    works(made)


@pytest.mark.parametrize(
    "settings",
    [
        {
            **{"feature.manyFiles": "true", "index.skipHash": "true", "index.sparse": "true"},
            **{"core.sparseCheckout": "true", "core.sparseCheckoutCone": "true"},
            **{"safe.bareRepository": "explicit", "safe.directory": "/nowhere"},
            **{"core.bare": "true", "core.logAllRefUpdates": "false"},
        },
        {
            **{"core.splitIndex": "true", "splitIndex.maxPercentChange": "0"},
            **{"core.autocrlf": "true", "core.safecrlf": "true", "core.fileMode": "false"},
            **{"status.branch": "true", "status.showUntrackedFiles": "no", "status.short": "true"},
            **{"core.quotePath": "false", "color.ui": "always", "core.pager": "false"},
        },
        {
            **{"core.ignoreStat": "true", "core.trustctime": "false", "core.checkStat": "minimal"},
            **{"core.symlinks": "false", "core.eol": "crlf", "core.sharedRepository": "group"},
            **{"core.hooksPath": "/nowhere", "core.attributesFile": "/nowhere"},
            **{"commit.template": "/nowhere", "core.editor": "false", "commit.verbose": "true"},
        },
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_init_where_git_is_configured_otherwise(
    tmp_path: Path, configured: Configured, settings: dict[str, str]
) -> None:
    configured(settings)
    works(begun(tmp_path / "new"))


@pytest.mark.parametrize("kind", ["link", "submodule"])
def test_what_is_no_file_where_a_file_is_to_come(start: Start, kind: str) -> None:
    """The conflict goes back, and each way out that is shown leads on."""
    library, project = start(name="library"), start()
    path = "docs/components/ingress.md"
    if kind == "link":
        (project.path / "docs/components").mkdir(exist_ok=True)
        (project.path / path).symlink_to("../README.md")
    else:
        project.add_submodule(library, path)
    project.commit("Mine")
    mine = project.git("ls-files", "--stage", path)
    project.aegis("add", "ingress", code=3)
    project.git("cherry-pick", "--abort")
    assert project.is_sound()
    shown = project.aegis("add", "ingress", code=3).out
    project.paste(shown.partition("To keep yours alone: ")[2].splitlines()[0])
    project.git("-c", "core.editor=true", "cherry-pick", "--continue")
    assert project.git("ls-files", "--stage", path) == mine
    assert project.is_sound()


def test_a_branch_with_another_name(start: Start, tmp_path: Path) -> None:
    """As some keep `master` for what is `main` now."""
    project = start()
    project.git("symbolic-ref", "refs/heads/master", "refs/heads/main")
    project.git("symbolic-ref", "HEAD", "refs/heads/master")
    works(project)
    conflict(project)
    assert project.git("rev-parse", "main") == project.head
    project.git("symbolic-ref", "refs/heads/other", "refs/heads/new")
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = Project(tmp_path / "linked")
    linked.git("symbolic-ref", "HEAD", "refs/heads/other")
    linked.git("rm", "-rqf", ".")
    linked.aegis("init", ".", "-y")
    assert linked.git("rev-parse", "new") == linked.head
    assert linked.is_sound()


@pytest.mark.parametrize("lost", ["HEAD", "branch", "commit", "tree"])
def test_a_damaged_repository_is_refused(start: Start, lost: str) -> None:
    project = start()
    project.git("commit", "--quiet", "--allow-empty", "-m", "Loose")
    project.write("mine", "")
    head = project.commit()
    oid = head if lost == "commit" else project.tree
    name = {"HEAD": "HEAD", "branch": "refs/heads/main"}.get(lost, f"objects/{oid[:2]}/{oid[2:]}")
    file = project.path / ".git" / name
    file.unlink()
    file.write_text("" if lost != "HEAD" else "garbage\n")
    verbs = ("status", "add worker", "adopt", "explain mine", "init . -y", "init sub -y")
    assert "fsck --full" in refused(project, "This repository is damaged", *verbs)
