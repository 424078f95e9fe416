"""The root command. Components' commands are listed at once, and imported when one is called."""

from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from app.cli import commands, dev
from app.core.component import Component, discover, load
from app.identity import DESCRIPTION, SLUG


class _ComponentGroup(TyperGroup):
    """A placeholder for a component's commands until one of them is called."""

    def __init__(self, component: Component) -> None:
        super().__init__(name=component.name, help=component.summary)
        self.component = component

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        group = get_group(load(self.component.cli or ""))
        group.name = self.component.name
        return group.make_context(*args, **kwargs)


class _RootGroup(TyperGroup):
    """The core's commands, then one group for each component that has commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_groups()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _groups().get(cmd_name)


def _groups() -> dict[str, _ComponentGroup]:
    return {found.name: _ComponentGroup(found) for found in discover() if found.cli}


cli = typer.Typer(
    name=SLUG, help=DESCRIPTION, cls=_RootGroup, no_args_is_help=True, add_completion=False
)
cli.command()(commands.serve)
cli.command()(dev.dev)
cli.command()(commands.health)
cli.command()(commands.admin_token)
cli.command()(commands.version)
# yours below
