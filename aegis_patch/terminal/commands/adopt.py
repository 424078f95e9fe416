"""`aegis adopt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aegis_patch.terminal.options import Components, Release, Url
from aegis_patch.terminal.run import Run, finish, mode
from aegis_patch.terminal.screen import Screen, bold, dim, plain, screen
from aegis_patch.values import asdict

if TYPE_CHECKING:
    from aegis_patch.verbs.adopt import Found

_PARTLY = 10  # per cent of a component, to be shown though it is not recorded


def adopt(
    run: Run,
    upstream_version: Release = None,
    components: Components = None,
    upstream: Url = "aegis",
) -> int:
    """Record what a project without aegis.toml was made of.

    It compares the files with each release and component, shows how near they are, and records the
    nearest in one commit.
    """
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.adopt import adopt

    def agrees(found: Found) -> bool:
        if not (run.json or run.quiet):
            _show(screen(), found)
        if not run.interactive or run.dry:
            return True
        from aegis_patch.terminal import ask

        return ask.is_agreed("Record this?")

    wanted = naming.names(components or [])
    done, found = adopt(run.where, upstream, upstream_version, wanted, agrees, mode(run))
    return finish(run, done, _as_json(found) if found else {})


def _show(screen: Screen, found: Found) -> None:
    from aegis_patch.history.likeness import THERE
    from aegis_patch.terminal import as_text

    nearest, *others = found.releases
    stack = nearest.stack
    screen.line(
        f"{plain(stack.title)} {bold(plain(stack.release))}: {nearest.share:.1f} % "
        f"of its lines are here ({nearest.held:,} of {nearest.size:,})"
    )
    for name, share in sorted(nearest.shares.items()):
        if name in stack.present:
            screen.line(f"  {plain(name)} {share:.0f} %")
        elif share >= _PARTLY:
            why = "not named" if share >= THERE else "too little to be installed"
            screen.line(dim(f"  {plain(name)} {share:.0f} %, {why}"))
    for other in others:
        screen.line(dim(f"{plain(other.stack.label)}: {other.share:.1f} %"))
    screen.line()
    as_text.show_answers(screen, stack.answers)
    as_text.show_changed(screen, stack.title, found.changed)


def _as_json(found: Found) -> dict[str, Any]:
    nearest = found.nearest
    components = []
    for name, share in sorted(nearest.shares.items()):
        there = nearest.stack.present.get(name)
        by = there.by if there else None
        components.append({"name": name, "by": by, "share": round(share, 1)})
    near = []
    for each in found.releases:
        near.append({"release": each.stack.release, "share": round(each.share, 1)})
    return {
        "releases": near,
        "components": components,
        "answers": dict(nearest.stack.answers),
        "changed": [asdict(file) for file in found.changed],
    }
