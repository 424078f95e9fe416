"""The paths to merge: each one that differs, with its sides, wherever it was moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from aegis_patch.merge import left_out, renames
from aegis_patch.merge.outcome import Note, Plan, Sides
from aegis_patch.merge.renames import Moves
from aegis_patch.objects.trees import Tree


def differing(plan: Plan) -> tuple[list[Sides], list[Note]]:
    """The paths that differ between the pristine trees, and notes on their moves."""
    paths = plan.old.changed(plan.new)
    missing = [path for path in paths if path not in plan.new]
    mine = plan.moved or renames.follow(plan.old, plan.head, paths)
    wanted = renames.follow(plan.old, plan.new, missing)
    theirs = _theirs_to_follow(plan, missing, mine, wanted)
    places = _places(plan, paths, mine, theirs)
    out = left_out.by_path(plan, paths, mine, wanted)
    found: list[Sides] = []
    notes = list(dict.fromkeys(out.values()))
    for path, place in places.items():
        if path in out:
            continue
        now = theirs.get(path, path)
        sides = _sides(plan, path, place, now)
        found.append(sides)
        is_moved = place != path or now != path
        note = _moved(sides, path, place, now) if is_moved else _missing(sides, mine)
        notes += filter(None, [note])
    return found, notes


def _sides(plan: Plan, path: str, place: str, now: str) -> Sides:
    """The sides of a path that HEAD has at `place`, and the new pristine tree at `now`."""
    where = now if place == path else place
    trees = (plan.old.lookup(path), plan.head.lookup(place), plan.new.lookup(now))
    return Sides(where, *trees, was="" if where == path else path)


def obstructed(plan: Plan, tree: Tree, path: str) -> bool:
    """Whether something of the user's is in the way of a new path.

    That is a file where it needs a directory, a directory where it is a file, a module or package
    of its name, or a name in another case if git can't tell these apart.
    """
    name = path.removesuffix("/__init__.py")
    if name != path and f"{name}.py" in tree:
        return True
    if path.endswith(".py"):
        beside = tree.files(path.removesuffix(".py"))
        if any(each.endswith(".py") for each in beside):
            return True
    if plan.ignorecase and tree.other_case(path):
        return True
    return tree.is_in_the_way(path)


def _theirs_to_follow(
    plan: Plan, missing: Iterable[str], mine: Moves, wanted: Moves
) -> dict[str, str]:
    """The new paths of files that the upstream moved and the user edited or moved too."""
    found: dict[str, str] = {}
    for path in missing:
        entry = plan.head.lookup(_place(plan, path, mine))
        is_edited = entry and entry != plan.old.lookup(path)
        if path in wanted.files and (is_edited or path in mine.files):
            found[path] = wanted.files[path]
    rest = plan.head.replaced(dict.fromkeys(found))
    for path, now in list(found.items()):
        in_the_way = now in rest or obstructed(plan, rest, now)
        if in_the_way and now != _place(plan, path, mine):
            del found[path]
    return found


def _places(
    plan: Plan, paths: Iterable[str], mine: Moves, theirs: dict[str, str]
) -> dict[str, str]:
    """HEAD's place of each path; two that would share a place stay where they were."""
    arrived = {*theirs.values()}
    places = {}
    for path in paths:
        if path not in arrived:
            places[path] = _place(plan, path, mine)
    taken = Counter(places.values())
    for path, place in places.items():
        if place != path and taken[place] > 1:
            places[path] = path
            theirs.pop(path, None)
    return places


def _place(plan: Plan, path: str, mine: Moves) -> str:
    if path in plan.old:
        return mine.files.get(path, path)
    place = mine.of_new(path)
    if place is None or place in plan.old:
        return path
    return place


def _moved(sides: Sides, path: str, place: str, now: str) -> Note | None:
    """A note on a path that HEAD has at `place`, and the new pristine tree at `now`."""
    if place == path:
        return Note(now, f"has your changes from {path}, which aegis moved")
    if sides.base is None:
        return Note(path, f"put into {renames.destination(path, place)}, following your move")
    if now not in (path, place):
        return Note(place, f"stays where you moved it; aegis moved it to {now}")
    return Note(path, f"followed your move to {renames.destination(path, place)}")


def _missing(sides: Sides, mine: Moves) -> Note | None:
    """A note on a path that HEAD lacks, though nobody is known to have moved it."""
    path, is_changed = sides.path, bool(sides.base and sides.theirs)
    if others := mine.may_be(path):
        return Note(
            path, f"no longer exists; {others}, so nothing was changed", applied=not is_changed
        )
    if is_changed and not sides.ours:
        return Note(path, "left out: deleted by you", applied=False)
    return None
