"""pygit2's C part in place of pygit2, whose Python part takes longer to import than a verb.

The first use of something missing here loads all of pygit2 into the same module, and an open
repository becomes one of its. So does a version of pygit2 that this doesn't fit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

_PACKAGE = "pygit2"
_NUMBERS = {
    "DiffOption": ("GIT_DIFF_", "NORMAL SHOW_BINARY"),
    "FileMode": ("GIT_FILEMODE_", "UNREADABLE TREE BLOB BLOB_EXECUTABLE LINK COMMIT"),
    "ObjectType": ("GIT_OBJECT_", "COMMIT TREE BLOB TAG"),
    "SortMode": ("GIT_SORT_", "NONE TOPOLOGICAL TIME REVERSE"),
}
"""The enumerations that aegis uses, with the C part's prefix for each one's numbers."""
_OTHERS = (
    "DeltaStatus DiffFlag FileStatus MergeAnalysis MergePreference ReferenceType RepositoryOpenFlag"
)
"""Further ones that the C part makes of its numbers."""


class _Light(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _load_whole()
        return getattr(sys.modules[self.__name__], name)


def install() -> None:
    """Put it in place, unless pygit2 is loaded already."""
    spec = PathFinder.find_spec(_PACKAGE)
    if _PACKAGE in sys.modules or not spec:
        return
    light: Any = _Light(_PACKAGE)
    light.__spec__, light.__path__ = spec, spec.submodule_search_locations
    light.enums = _Light(f"{_PACKAGE}.enums")
    sys.modules.update({_PACKAGE: light, f"{_PACKAGE}.enums": light.enums})
    try:
        _fill(light, import_module(f"{_PACKAGE}._pygit2"))
    except AttributeError:
        _load_whole()


def _fill(light: Any, c: Any) -> None:
    for name, (start, members) in _NUMBERS.items():
        numbers = {each: getattr(c, start + each) for each in members.split()}
        setattr(light.enums, name, type(name, (int,), numbers))
    for name in _OTHERS.split():
        setattr(light.enums, name, int)
    c._cache_enums()
    vars(light).update({name: each for name, each in vars(c).items() if name[0] != "_"})
    light.Repository = _repository(c.init_file_backend, c.Repository)


def _repository(opened: Callable[[str, int], object], c: Any) -> type:
    look_up = c.git_object_lookup_prefix

    class Repository(c):  # type: ignore[misc]  # found at run time
        def __init__(self, path: str) -> None:
            super().__init__(opened(path, 0))

        def __getitem__(self, key: Any) -> Any:
            found = look_up(self, key)
            if found is None:
                raise KeyError(key)
            return found

        def __contains__(self, key: Any) -> bool:
            return look_up(self, key) is not None

        def __getattr__(self, name: str) -> Any:
            _load_whole()
            self.__class__ = sys.modules[_PACKAGE].Repository
            self._common_init()
            return getattr(self, name)

    return Repository


def _load_whole() -> None:
    there = sys.modules[_PACKAGE]
    if not isinstance(there, _Light):
        return
    light: Any = there
    # Its settings would read all certificates for the network, which aegis leaves to git.
    settings = sys.modules[f"{_PACKAGE}.settings"] = ModuleType(f"{_PACKAGE}.settings")
    settings.Settings = object  # type: ignore[attr-defined]  # made above
    del sys.modules[f"{_PACKAGE}.enums"]
    light.__class__ = ModuleType
    light.__spec__.loader.exec_module(light)
