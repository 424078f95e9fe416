"""Requirements: one spelling for those that packaging takes for equal, and for no others."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from aegis_patch.formats import kinds
from aegis_patch.formats.requirements import meaning
from tests import tiny

_PARTS = (
    st.sampled_from(["a-b", "A_b", "a.B", "a"]),
    st.sampled_from(["", "[c]", "[C,d]", " [ d , c ]"]),
    st.lists(
        st.sampled_from([">=1", ">= 1.0", ">=1.0.0", "<2", " <2.0", "~=1.0", "~=1.0.0", "~=1.00"])
        | st.sampled_from(
            [
                "==1.*",
                "==1.0.*",
                "!=1.0",
                "!=1",
                "===1.0",
                "==1.0+cu12",
                "==1.0+cu12.0",
                ">=1.0RC1",
                ">=1.0rc1",
            ]
        ),
        max_size=3,
    ).map(",".join),
    st.sampled_from(["", ";os_name=='x'", ' ; os_name == "x"', "; 'x' not  in os_name"])
    | st.sampled_from(["; os_name=='y'", ";(os_name=='x')and extra=='z'"])
    | st.sampled_from(["; (os_name == 'x') and extra == \"z\"", "; 'x'not in os_name"]),
)
_WRITTEN = st.tuples(*_PARTS).map("".join)


@given(st.lists(_WRITTEN, min_size=2, max_size=8))
@tiny.examples(150)
def test_as_packaging_reads_them(written: list[str]) -> None:
    for one, other in itertools.combinations(written, 2):
        equal = Requirement(one) == Requirement(other)
        assert (meaning(one) == meaning(other)) is equal, (one, other)


@pytest.mark.parametrize("text", ["a @ https://example.com/a.whl", "a b", "", "-r more.txt", "é"])
def test_what_is_no_such_requirement_says_itself(text: str) -> None:
    assert meaning(text) == text


def test_only_requirements_have_many_spellings() -> None:
    base = '[project]\ndependencies = ["b-c>=1.0"]\n\n[tool.x]\nnames = ["b-c", "d"]\n'
    ours = base.replace("b-c", "B_c")
    theirs = base.replace("b-c", "b-c-d")
    assert kinds.structured("pyproject.toml", *(t.encode() for t in (base, ours, theirs))) is None
    spelled = base.replace('"b-c>=1.0"', '"B_c >= 1"')
    theirs = base.replace("b-c>=1.0", "b-c>=2.0")
    assert tiny.structured("pyproject.toml", base, spelled, theirs) == theirs
