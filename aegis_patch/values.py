"""Values: frozen, slotted dataclasses for which nothing is compiled at import.

What the standard library compiles for them took a fifth of `status`. Type checkers see its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, replace
else:

    def dataclass(**_options: bool) -> Any:
        """Make a class with annotated fields a class of values."""
        return _value_class

    def replace(value: Any, **changes: Any) -> Any:
        """The value with other fields."""
        return type(value)(**_fields(value) | changes)

    def asdict(value: Any) -> Any:
        """The fields of a value by name, and those of the values in them."""
        if isinstance(value, _Value):
            return {name: asdict(each) for name, each in _fields(value).items()}
        if isinstance(value, list | tuple):
            return [asdict(each) for each in value]
        return value


__all__ = ["asdict", "dataclass", "replace"]


class _Value:
    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **named: Any) -> None:
        names = self.__match_args__
        given = self._defaults | dict(zip(names, args, strict=False)) | named
        if len(args) > len(names) or given.keys() != {*names}:
            raise TypeError(f"{type(self).__name__} has {names}, not {args} and {named}")
        for name in names:
            object.__setattr__(self, name, given[name])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} can't be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _fields(self) == _fields(other)

    def __hash__(self) -> int:
        return hash(tuple(_fields(self).values()))

    def __repr__(self) -> str:
        fields = [f"{name}={value!r}" for name, value in _fields(self).items()]
        return f"{type(self).__name__}({', '.join(fields)})"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__match_args__}


def _value_class(cls: Any) -> type:
    """The class, made anew with slots for its fields."""
    base = _Value if cls.__base__ is object else cls.__base__
    body = {name: each for name, each in vars(cls).items() if name not in _UNSLOTTED}
    defaults = {name: body.pop(name) for name in cls.__annotations__ if name in body}
    slots = [name for name in cls.__annotations__ if name not in base.__match_args__]
    body["__slots__"], body["__match_args__"] = slots, (*base.__match_args__, *slots)
    body["_defaults"] = base._defaults | defaults
    return type(cls.__name__, (base,), body)


_UNSLOTTED = ("__dict__", "__weakref__")
