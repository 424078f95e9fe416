"""Questions on a terminal. Questionary takes 0.2 s to import, so only a question does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aegis_patch.errors import Interrupted
from aegis_patch.stack import requirements
from aegis_patch.stack.component import Catalogue

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


def text(label: str, default: str, typed: str = "") -> str:
    """A line of text, beginning with what was typed; the lines of a paste become one.

    An empty answer is the default, which is shown until something is typed.
    """
    shown = [("class:placeholder", default)]
    answer = str(_answer("text", label, default=typed, placeholder=shown))
    return " ".join(answer.split("\n")).strip() or default


def chosen(label: str, known: Catalogue, names: Sequence[str], *, adds: bool = True) -> list[str]:
    """The components that a person marks in a list; it shows what else each one adds."""
    import questionary

    longest = max(map(len, names))
    choices = []
    for name in names:
        along = set(names) & requirements.required(known, [name]) - {name} if adds else set[str]()
        adding = f" (adds {', '.join(sorted(along))})" if along else ""
        line = f"{name:{longest}}{adding}  {known[name].summary}"  # cut at the terminal's edge
        choices.append(questionary.Choice(line, name))
    found = _answer("checkbox", label, choices=choices, instruction=_KEYS, erase_when_done=True)
    print(f" {label} {', '.join(found) or 'none'}")
    return [str(name) for name in found]


def is_agreed(label: str) -> bool:
    """Whether a person says yes; Enter alone does."""
    return bool(_answer("confirm", label))


def _answer(kind: str, label: str, **options: Any) -> Any:
    """The answer to a question of one of questionary's kinds.

    Raises:
        Interrupted: by Ctrl-C, Ctrl-D, or the end of the input.
    """
    import questionary
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    style = questionary.Style([*_STYLE.items()])
    question = getattr(questionary, kind)(label, qmark="", style=style, **options)
    keys, asked = KeyBindings(), question.application
    keys.add("c-d", eager=True)(lambda event: event.app.exit(exception=EOFError))
    asked.key_bindings = merge_key_bindings([asked.key_bindings or KeyBindings(), keys])
    try:
        return question.unsafe_ask()
    except (KeyboardInterrupt, EOFError):
        raise Interrupted from None
