"""patch.py: what git wrote is read exactly; anything else is rejected, and nothing else happens."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.errors import PatchRejected
from aegis_patch.stack import apply_patch, patch
from tests import tiny
from tests.tiny import EXEC, FILE, LINK, Files


@pytest.fixture(name="store", scope="module")
def small_store() -> Iterator[pygit2.Repository]:
    with tiny.empty_store() as made:
        yield made


def applied(store: pygit2.Repository, old: Files, text: bytes) -> dict[str, object]:
    made = apply_patch.apply(tiny.tree(store, old), patch.parse("x.patch", text))
    return dict(tiny.contents(made))


def assert_round_trip(store: pygit2.Repository, old: Files, new: Files) -> None:
    trees_ = tiny.tree(store, old), tiny.tree(store, new)
    text = tiny.mail(*trees_, "Change it")
    assert apply_patch.apply(trees_[0], patch.parse("x.patch", text)) == trees_[1]


# What git writes.

CHANGES: dict[str, tuple[Files, Files]] = {
    "new file": ({"a": b"a\n"}, {"a": b"a\n", "app/b.py": b"x = 1\n"}),
    "deleted file": ({"a": b"a\nb\n", "b": b"b\n"}, {"b": b"b\n"}),
    "empty files in a row": (
        {"a": b"a\n"},
        {"a": b"b\n", "b/__init__.py": b"", "c/__init__.py": b"", "d/__init__.py": b"", "z": b"z"},
    ),
    "empty file deleted": ({"a": b"", "b": b"b\n"}, {"b": b"b\n"}),
    "emptied": ({"a": b"a\n"}, {"a": b""}),
    "filled": ({"a": b""}, {"a": b"a\n"}),
    "made executable": ({"run": b"#!\n"}, {"run": (b"#!\n", EXEC)}),
    "made executable and changed": ({"run": b"#!\n"}, {"run": (b"#!x\n", EXEC)}),
    "executable changed": ({"run": (b"#!\n", EXEC)}, {"run": (b"#!x\n", EXEC)}),
    "new executable": ({"a": b""}, {"a": b"", "run": (b"#!\n", EXEC)}),
    "symlink": ({"a": b""}, {"a": b"", "d/l": (b"../a", LINK)}),
    "symlink changed": ({"l": (b"a", LINK)}, {"l": (b"b", LINK)}),
    "no newline after": ({"a": b"a\nb\n"}, {"a": b"a\nb"}),
    "no newline before": ({"a": b"a\nb"}, {"a": b"a\nb\n"}),
    "no newline on both sides": ({"a": b"a\nb"}, {"a": b"a\nc"}),
    "no newline in context": ({"a": b"a\nb"}, {"a": b"x\nb"}),
    "CRLF": ({"a": b"a\r\nb\r\n"}, {"a": b"a\r\nc\r\n"}),
    "CRLF to LF": ({"a": b"a\r\nb\r\n"}, {"a": b"a\nb\n"}),
    "lone CR": ({"a": b"a\rb\rc\n"}, {"a": b"a\rx\rc\n"}),
    "latin-1": ({"a": b"caf\xe9\n"}, {"a": b"caf\xe9\ncr\xe8me\n"}),
    "form feed, NEL, U+2028": (
        {"a": "a\x0cb\x85c\u2028d\x1ce\n1\n".encode()},
        {"a": "a\x0cb\x85c\u2028d\x1ce\n2\x0b\u2029\n".encode()},
    ),
    "lines that look like a patch": (
        {"a": b"-- a/x\n- \n1\ndiff --git a/x b/x\n@@ -1 +1 @@\n"},
        {"a": b"++ b/x\n-- \n2\nrename from x\n\\ No newline at end of file\n"},
    ),
    "far apart": (
        {"a": b"".join(b"%d\n" % n for n in range(200))},
        {"a": b"".join(b"%d\n" % (n if n % 40 else -n) for n in range(1, 200))},
    ),
    "spaces": (
        {"a": b"", "my dir/c d.txt": b"1\n"},
        {"a": b"", "my dir/c d.txt": b"2\n", "e f": b""},
    ),
    "umlauts": ({"a": b""}, {"a": b"", "Grüße/ä ö.md": b"1\n", "日本.txt": b""}),
    "quotation marks": ({"a": b""}, {"a": b"", 'say "hi".txt': b"1\n"}),
    "a file becomes a directory": ({"a": b"a\n"}, {"a/b": b"b\n"}),
    "a directory becomes a file": ({"a/b": b"b\n"}, {"a": b"a\n"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_git_wrote_gives_gits_own_tree(store: pygit2.Repository, name: str) -> None:
    old, new = CHANGES[name]
    assert_round_trip(store, old, new)
    assert_round_trip(store, new, old)


lines = st.lists(
    st.one_of(
        st.sampled_from([b"", b" ", b"a", b"b", b"-", b"+ x", b"-- ", b"++ y", b"@@", b"\\", b"#"]),
        st.binary(max_size=6).map(lambda b: b.replace(b"\n", b"").replace(b"\0", b"")),
    ),
    max_size=14,
)
content = st.builds(
    lambda many, end, eol: eol.join(many) + (end and eol),
    lines,
    st.sampled_from([b"", b"\n"]),
    st.sampled_from([b"\n", b"\n", b"\r\n"]),
)
some_files = st.dictionaries(
    st.sampled_from(["a", "b c.py", "d/ä", "d/e/f.txt"]),
    st.tuples(content, st.sampled_from([FILE, EXEC])),
    max_size=4,
)


@tiny.examples(100)
@given(old=some_files, new=some_files, context=st.integers(0, 4))
def test_any_change_of_text_round_trips(
    store: pygit2.Repository, old: Files, new: Files, context: int
) -> None:
    before, after = tiny.tree(store, old), tiny.tree(store, new)
    text = tiny.diff(before, after, f"--unified={context}", "--text")
    if text:
        assert apply_patch.apply(before, patch.parse("x.patch", text)) == after


# The message.


@pytest.mark.parametrize(
    ("message", "subject", "body"),
    [
        ("Add worker", "Add worker", ""),
        ("Add worker\n\nBecause.\n\nAnd more.", "Add worker", "Because.\n\nAnd more."),
        ("Füge den Wörker hinzu\n\nÄh.", "Füge den Wörker hinzu", "Äh."),
        ("Add " + "very " * 40 + "long", "Add " + "very " * 40 + "long", ""),
        ("Füge " + "sehr " * 40 + "Langes an", "Füge " + "sehr " * 40 + "Langes an", ""),
        ("What =?this is", "What =?this is", ""),
        ("Say =?utf-8?q?caf=C3=A9?=", "Say =?utf-8?q?caf=C3=A9?=", ""),
        ("Odd =?nonsense?q?x?=", "Odd =?nonsense?q?x?=", ""),
        ("Odd =?utf-8?b?x?=", "Odd =?utf-8?b?x?=", ""),
        ("X\n\nSubject: not this", "X", "Subject: not this"),
    ],
)
def test_subject_and_body(store: pygit2.Repository, message: str, subject: str, body: str) -> None:
    old, new = tiny.tree(store, {"a": b"1\n"}), tiny.tree(store, {"a": b"2\n"})
    for how in ("--keep-subject", "--numbered", "--subject-prefix=PATCH v2"):
        read = patch.parse("x.patch", tiny.mail(old, new, message, how))
        assert (read.subject, read.body) == (subject, body)


def test_an_empty_line_behind_a_hunk_is_no_line_of_it() -> None:
    hunk = b"@@ -1 +1 @@\n-1\n+2\n"
    read = patch.parse("x.patch", b"diff --git a/a b/a\n--- a/a\n+++ b/a\n%b\n%b" % (hunk, hunk))
    assert [each.postimage for each in read.files[0].hunks] == [(b"2\n",)] * 2


@pytest.mark.parametrize(
    "message",
    [
        "X\n\nIt says:\n--- a/evil\n+++ b/evil\n@@ -0,0 +1 @@\n+evil\n",
        "X\n\n---\nno more\n---\n",
        "X\n\n diff --git a/evil b/evil\n new file mode 100644\n",
    ],
)
def test_prose_never_passes_for_a_change(store: pygit2.Repository, message: str) -> None:
    old, new = tiny.tree(store, {"a": b"1\n"}), tiny.tree(store, {"a": b"2\n"})
    read = patch.parse("x.patch", tiny.mail(old, new, message))
    assert [file.path for file in read.files] == ["a"]


@pytest.mark.parametrize(
    "prose",
    [
        "diff --git is a command",
        "diff --git a/evil b/evil\nnew file mode 100644",
        "diff --git a/evil b/evil\nnew file mode 100644\n"
        "--- /dev/null\n+++ b/evil\n@@ -0,0 +1 @@\n+x",
        "diff --git a/evil b/evil\nnew file mode 100644\n---",
    ],
)
def test_a_diff_inside_the_message_is_rejected(store: pygit2.Repository, prose: str) -> None:
    old, new = tiny.tree(store, {"a": b"1\n"}), tiny.tree(store, {"a": b"2\n"})
    with pytest.raises(PatchRejected):
        patch.parse("x.patch", tiny.mail(old, new, f"X\n\n{prose}\n\nMore."))


def test_a_signature_and_blank_lines_at_the_end_are_none_of_its_lines(
    store: pygit2.Repository,
) -> None:
    old, new = tiny.tree(store, {"a": b"- \n1\n"}), tiny.tree(store, {"a": b"2\n"})
    text = tiny.mail(old, new, "X")
    expected = patch.parse("x.patch", text)
    for end in (b"\n", b"\n\n", b"-- \n2.39.5\n", b"-- \n2.39.5\n\n"):
        assert patch.parse("x.patch", text + end) == expected


# What is not allowed in a series.

HUNK = "@@ -1 +1 @@\n-a\n+b\n"
NAMES = "--- a/a\n+++ b/a\n"
NEW = "diff --git a/a b/a\nnew file mode 100644\n"
HEAD = "diff --git a/a b/a\nindex 1..2 100644\n"


def test_a_plain_diff_is_a_patch(store: pygit2.Repository) -> None:
    """What the rejected ones below are variations of."""
    assert applied(store, {"a": b"a\n"}, (HEAD + NAMES + HUNK).encode()) == {"a": b"b\n"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "From: x\n\nonly words\n",
        "Index: a\n--- a/a\n+++ b/a\n" + HUNK,  # quilt's own form: never silently nothing
        "diff --git a/a b/b\nsimilarity index 100%\nrename from a\nrename to b\n",
        "diff --git a/a b/b\nsimilarity index 100%\ncopy from a\ncopy to b\n",
        "diff --git a/a b/b\nindex 1..2 100644\n--- a/a\n+++ b/b\n" + HUNK,
        "diff --git a/a b/a\nindex 1..2 100644\nBinary files a/a and b/a differ\n",
        NEW + "index 0..2\nBinary files /dev/null and b/a differ\n",
        NEW + "index 0..2\nGIT binary patch\nliteral 3\nKcmZ\n\n",
        NEW.replace("100644", "160000") + "index 0..2\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n",
        "diff --git a/m b/m\nold mode 100644\nnew mode 160000\n",
        "diff --git a/m b/m\nnew file mode 040000\n",
        "diff --git a/m b/m\nnew file mode 100600\n",
        "diff --git a/a b/a\nnew file mode 100644\ndeleted file mode 100644\n",
        HEAD + NAMES + HUNK + HEAD + NAMES + HUNK,  # twice
        HEAD + NAMES + HUNK + "and prose\n",
        HEAD + NAMES + HUNK + "@@ -9 +9\n-a\n+b\n",  # a broken header is not passed over
        HEAD + NAMES + "@@ -1,2 +1 @@\n-a\n+b\n",
        HEAD + NAMES + "@@ -1 +1,2 @@\n-a\n+b\n",
        HEAD + NAMES + "@@ -1,1000000000 +1,1000000000 @@\n-a\n+b\n",
        HEAD + NAMES + "@@ -1 +1 @@\n-a\n+b\n+c\n",
        HEAD + NAMES + "@@ -1 +1 @@\n",
        HEAD + NAMES + f"@@ -{'9' * 5000} +1 @@\n-a\n+b\n",
        HEAD + HUNK,
        HEAD + "--- a/a\n" + HUNK,
        HEAD + NAMES.replace("b/a", "b/z") + HUNK,
        HEAD + NAMES + "@@ -1 +1 @@\n-a\n+b\0\n",
        (HEAD + NAMES + HUNK).replace("\n", "\r\n"),
        'diff --git "a/\\377" "b/\\377"\nnew file mode 100644\n',  # not UTF-8
    ],
)
def test_what_a_series_may_not_use_is_rejected(text: str) -> None:
    with pytest.raises(PatchRejected):
        patch.parse("x.patch", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        HEAD + NAMES + "@@ -2 +2 @@\n-a\n+b\n",  # an offset
        HEAD + NAMES + "@@ -0 +1 @@\n-a\n+b\n",
        HEAD + NAMES + f"@@ -{'9' * 4300} +1 @@\n-a\n+b\n",
        HEAD + NAMES + "@@ -7,0 +8 @@\n+b\n",  # beyond the end
        HEAD + NAMES + "@@ -1 +1 @@\n-x\n+b\n",
        HEAD + NAMES + "@@ -1 +1 @@\n-a\n+b\n" + "@@ -1 +1 @@\n-a\n+c\n",  # overlapping
        HEAD + NAMES + "@@ -3 +3 @@\n-c\n+C\n@@ -1 +1 @@\n-a\n+A\n",  # out of order
        HEAD + NAMES + "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n",
        HEAD + NAMES + "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n",  # two lines in one
        "diff --git a/a b/a\nold mode 100755\nnew mode 100644\n",  # it is none
        "diff --git a/a b/a\ndeleted file mode 100644\n",  # a file that is not empty
        "diff --git a/a b/a\nnew file mode 100644\n",  # it is there
        "diff --git a/z b/z\nold mode 100644\nnew mode 100755\n",  # it is not there
        "diff --git a/a/b b/a/b\nnew file mode 100644\n",  # below a file
        "diff --git a/d b/d\nnew file mode 100644\n",  # over a directory
        "diff --git a/n b/n\nnew file mode 100644\ndiff --git a/n/m b/n/m\nnew file mode 100644\n",
    ],
)
def test_a_patch_fits_exactly_or_not_at_all(store: pygit2.Repository, text: str) -> None:
    with pytest.raises(PatchRejected):
        applied(store, {"a": b"a\nb\nc\n", "d/e": b""}, text.encode())


def test_a_directory_whose_name_ends_in_space_b_is_rejected(store: pygit2.Repository) -> None:
    """Git's header is ambiguous there; better no patch than another file's."""
    old, new = tiny.tree(store, {"a b/c": b"1\n"}), tiny.tree(store, {"a b/c": b"2\n"})
    with pytest.raises(PatchRejected):
        patch.parse("x.patch", tiny.mail(old, new, "X"))


def test_a_change_of_kind_is_rejected(store: pygit2.Repository) -> None:
    old, new = tiny.tree(store, {"a": b"b"}), tiny.tree(store, {"a": (b"b", LINK)})
    with pytest.raises(PatchRejected):
        patch.parse("x.patch", tiny.mail(old, new, "X"))


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/..",
            ".",
            "./x",
            "a//b",
            "a/",
            "a\\b",
            "..\\x",
        ),
        *("C:x", "c:/x", "a:b", ".git", ".git/hooks/post-commit", "sub/.git/config", ".GIT/x"),
        *(".git...", ".git:x/y", "\u202e.git/x", ".git\u206a/x", ".GitModules ", ".gitmodules."),
        *("gi7e~999", "gi~1", ".gitmo\u200ddules", "a\x1b[2Jb", "a\x9bb", "docs/aux.py"),
        *(".git./x", ".git /x", ".Git. . /x", "git~1/x", "GIT~2/x", ".g\u200cit/x", ".gi\ufefft/x"),
        *(".git::$INDEX_ALLOCATION/x", ".git:x", ".gitmodules", "sub/.gitmodules", "gitmod~1"),
        *("aux", "sub/NUL", "con.py", "Com1.tar.gz", "lpt9 .x", "prn/x", "conin$"),
        *("gi7eba~1", "GI7EBA~2", "a\nb", "a\tb", "a\x7fb", "a\0b", "x" * 501, "a/" * 2000 + "b"),
    ],
)
def test_unsafe_paths_are_rejected(path: str) -> None:
    with pytest.raises(PatchRejected):
        patch.check_path(path)
    quoted = "".join(f"\\{byte:03o}" for byte in path.encode())
    for name in (path, f'"{quoted}"'):
        a, b = (f'"{side}/{name[1:]}' if name[:1] == '"' else f"{side}/{name}" for side in "ab")
        text = f"diff --git {a} {b}\nnew file mode 100644\nindex 0..1\n"
        with pytest.raises(PatchRejected):
            patch.parse("x.patch", text.encode())


@pytest.mark.parametrize(
    "path",
    [
        *(".gitignore", ".github/x.yml", "git", "a.git", ".gitkeep", "a..b", "...", "ä/日本 x"),
        *("auxiliary.py", "null", "com", "com10", "console.py", "x.aux"),
    ],
)
def test_ordinary_paths_are_fine(path: str) -> None:
    patch.check_path(path)


def test_a_plain_diff_says_what_it_lacks() -> None:
    for head in ("", "From: x\nSubject: y\n\nWhy.\n---\n"):
        text = f"{head}--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
        with pytest.raises(PatchRejected) as found:
            patch.parse("x.patch", text.encode())
        assert "diff --git" in found.value.what
        assert "git format-patch" in found.value.next
