"""Questions on a terminal. Questionary takes 0.2 s to import, so only a question does."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from aegis_patch.errors import Interrupted
from aegis_patch.stack import requirements
from aegis_patch.stack.component import Catalogue, Component

_STYLE = {
    "question": "bold",
    "answer": "ansicyan",
    "placeholder": "italic",
    "pointer": "bold ansicyan",
    "highlighted": "bold",
    "selected": "ansigreen",
    "validation-toolbar": "ansired",
}
_KEYS = "(space picks, enter ends)"
_LABEL = "  Description: "  # of Questionary, before what it shows of the line pointed at
_ROOM = 26  # columns that a summary needs beside its name


def text(label: str, default: str, typed: str = "") -> str:
    """A line of text, to go on from what was typed; the lines of a paste become one.

    An empty one is the default, which stands there until something is typed.
    """
    import questionary

    style = questionary.Style([*_STYLE.items()])
    shown = [("class:placeholder", default)]
    answer = str(_answer(questionary.text(label, typed, qmark="", style=style, placeholder=shown)))
    return " ".join(answer.split("\n")).strip() or default


def chosen(label: str, known: Catalogue, names: Sequence[str], *, adds: bool = True) -> list[str]:
    """The components that a person marks in a list; it shows what each adds besides itself."""
    import questionary

    width = shutil.get_terminal_size().columns
    choices = []
    for name in names:
        along = set(names) & requirements.required(known, [name]) - {name} if adds else ()
        line, summary = lines(known[name], sorted(along), max(map(len, names)), width)
        choices.append(questionary.Choice(line, name, description=summary))
    found = _answer(
        questionary.checkbox(
            label,
            choices,
            qmark="",
            instruction=_KEYS,
            style=questionary.Style([*_STYLE.items()]),
            erase_when_done=True,
        )
    )
    print(f" {label} {', '.join(found) or 'none'}")
    return [str(name) for name in found]


def is_agreed(label: str) -> bool:
    """Whether a person says yes; Enter alone does."""
    import questionary

    style = questionary.Style([*_STYLE.items()])
    return bool(_answer(questionary.confirm(label, qmark="", style=style)))


def lines(component: Component, along: Sequence[str], longest: int, width: int) -> tuple[str, str]:
    """A component in a list: its line, and what is shown below the list while it is pointed at."""
    name = component.name
    adds = f" (adds {', '.join(along)})" if along else ""
    line = f"{name:{longest}}{adds}" if along else name
    room = width - longest - len(adds) - 8  # a pointer, a circle, and the spaces
    if room >= _ROOM:
        summary = textwrap.shorten(component.summary, room, placeholder=" …")
        line = f"{name:{longest}}  {summary}{adds}"
    shown = f"{component.summary.removesuffix('.')} ({component.implementation})."
    wrapped = textwrap.fill(shown, width - 1, initial_indent=_LABEL, subsequent_indent="  ")
    return line, wrapped.removeprefix(_LABEL)


def _answer(question: Any) -> Any:
    """The answer to a question.

    Raises:
        Interrupted: by Ctrl-C, Ctrl-D, or the end of the input.
    """
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    keys, asked = KeyBindings(), question.application
    keys.add("c-d", eager=True)(lambda event: event.app.exit(exception=EOFError))
    asked.key_bindings = merge_key_bindings([asked.key_bindings or KeyBindings(), keys])
    try:
        return question.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise Interrupted from None
