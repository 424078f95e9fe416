"""Components are found because they are there, and say clearly what is wrong with them."""

import functools
from dataclasses import fields
from pathlib import Path

import pytest

from app.core.component import ComponentError, check_settings, discover, load, written
from app.core.settings import BadSettingsError, listed
from tests.conftest import loaded

CLOCK = """
from app.core.component import Component
component = Component(name="clock", title="Clock", summary="Tells the time.")
"""


def test_a_package_that_declares_a_component_is_found(plug_in):
    plug_in("clock", CLOCK)
    plug_in("bell", CLOCK.replace("clock", "bell"))
    assert [found.name for found in discover()] == ["bell", "clock"]


def test_a_package_without_one_is_left_alone(plug_in):
    plug_in("helpers", "")
    assert discover() == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module", "component 'clock' can't be imported: ModuleNotFoundError"),
        ("component = 1", "component 'clock': app.components.clock.component is not a Component"),
        (CLOCK.replace('"clock"', '"watch"'), "component 'clock' calls itself 'watch'"),
    ],
)
def test_a_broken_component_is_named(plug_in, source, message):
    plug_in("clock", source)
    with pytest.raises(ComponentError, match=message) as caught:
        discover()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reference", ["app.core.component:nothing", "app.nothing:at_all", "app"])
def test_load_names_what_it_cannot_find(reference):
    with pytest.raises(ComponentError, match=reference):
        load(reference)


CHECKED = CLOCK.replace(")", ', check="app.components.clock.hands:all_of_them")')
HANDS = """
from app.core.component import ComponentError, written
def minute(): ...
def all_of_them(): raise {}
"""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("ComponentError(f'{written(minute)}: bent')", "hands.py:3: bent"),
        ("ZeroDivisionError('no\\nhours')", "component 'clock': ZeroDivisionError: no hours"),
    ],
)
def test_what_is_declared_wrongly_is_a_line_before_anything_starts(plug_in, error, line):
    plug_in("clock", CHECKED, hands=HANDS.format(error))
    with pytest.raises(BadSettingsError) as caught:
        check_settings()
    (said,) = caught.value.lines
    assert said.endswith(line)


def test_all_that_is_declared_wrongly_is_said_at_once(plug_in):
    plug_in("clock", CHECKED, hands=HANDS.format("ComponentError('bent')"))
    bell = CHECKED.replace("clock", "bell")
    plug_in("bell", bell, hands="def all_of_them(): ...")
    plug_in("watch", CHECKED.replace("clock", "watch"), hands="import no_such_module")
    with pytest.raises(BadSettingsError) as caught:
        check_settings()
    first, second = caught.value.lines
    assert (first, "no_such_module" in second) == ("bent", True)


TEXTS = ("name", "title", "summary")


def test_what_this_project_declares_can_be_used():
    for found in discover():
        parts = [getattr(found, field.name) for field in fields(found) if field.name not in TEXTS]
        for part in listed(",".join(each for each in parts if isinstance(each, str))):
            load(part)
        if found.check:
            load(found.check)()


def test_where_something_is_written(monkeypatch):
    here = Path(__file__)
    monkeypatch.chdir(here.parent)
    line = test_where_something_is_written.__code__.co_firstlineno
    assert written(test_where_something_is_written) == f"{here.name}:{line}"
    assert written(functools.cache(test_where_something_is_written)) == f"{here.name}:{line}"
    assert written(functools.partial(print)) == "functools.partial(<built-in function print>)"


@pytest.mark.parametrize(
    "code",
    [
        "import app.core.component, app.components; app.core.component.discover()",
        "sys.argv = ['app', '--help']; import app.__main__",
    ],
)
def test_looking_at_what_is_plugged_in_is_cheap(code):
    modules = loaded(code)
    assert "app.core.component" in modules
    assert not {"flet", "fastapi", "uvicorn"} & modules
