"""Events' bodies: structs as JSON data, and back, by the types of their fields.

In: structs of text, numbers, flags, times, days, enumerations, tuples, mappings by text or enumeration, one another.
Out: JSON data.
A field that has its default is left out, so a default is part of an event's version and never changes within one.
"""

import types
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from opspact.ledger.canonical import time_of, time_text
from opspact.structs import NODEFAULT, Struct, fields

T = TypeVar("T")

_Reader = Callable[[Any, str], Any]
_PLAIN: Mapping[object, str] = types.MappingProxyType({str: "text", bool: "true or false", int: "a whole number"})


def to_data(value: object) -> Any:
    """Given a value of the kinds above, return its JSON data. Raise TypeError for any other value."""
    match value:
        case StrEnum():
            return value.value
        case None | str() | bool() | int() | float():
            return value
        case date():
            return time_text(value) if isinstance(value, datetime) else value.isoformat()
        case tuple() | list():
            return [to_data(item) for item in value]
        case Mapping():
            return {str(key): to_data(item) for key, item in value.items()}
        case Struct():
            hashable: Any = type(value)
            pairs = ((name, getattr(value, name), default) for name, default in _defaults(hashable))
            return {name: to_data(item) for name, item, default in pairs if default is NODEFAULT or item != default}
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON data")


def from_data(kind: type[T], data: object) -> T:
    """Given a struct and what `to_data` made of one of its values, return an equal value.

    Raise ValueError, saying where, for anything else: a field that it does not know, one that is missing, another type.
    """
    hashable: Any = kind
    value: T = _reader(hashable)(data, "body")
    return value


@lru_cache
def _defaults(kind: Any) -> tuple[tuple[str, object], ...]:
    """Return the fields of a struct, each with its default (NODEFAULT: none)."""
    return tuple(
        (field.name, field.default if field.default_factory is NODEFAULT else field.default_factory())
        for field in fields(kind)
    )


@lru_cache(maxsize=512)
def _reader(kind: Any) -> _Reader:
    """Return what reads data of a type."""
    if kind in _PLAIN:
        return _plain(kind)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if (origin := get_origin(kind)) is Mapping:
        return _mapping(*map(_reader, get_args(kind)))
    if origin:
        return _OF_ITEMS[origin](_reader(get_args(kind)[0]))
    return _enumeration(kind) if issubclass(kind, StrEnum) else _struct(kind)


def _plain(kind: type) -> _Reader:
    def read(data: Any, where: str) -> Any:
        if type(data) is not kind:
            raise _unlike(data, where, _PLAIN[kind])
        return data

    return read


def _number(data: Any, where: str) -> float:
    if type(data) not in {int, float}:
        raise _unlike(data, where, "a number")
    return float(data)


def _time(data: Any, where: str) -> datetime:
    if not isinstance(data, str):
        raise _unlike(data, where, "a time")
    return time_of(data)


def _day(data: Any, where: str) -> date:
    if not isinstance(data, str):
        raise _unlike(data, where, "a day")
    found = date.fromisoformat(data)
    if found.isoformat() != data:
        raise _unlike(data, where, "a day")
    return found


def _tuple(item: _Reader) -> _Reader:
    def read(data: Any, where: str) -> tuple[Any, ...]:
        if type(data) is not list:
            raise _unlike(data, where, "a list")
        return tuple(item(each, f"{where}[{index}]") for index, each in enumerate(data))

    return read


def _mapping(key: _Reader, item: _Reader) -> _Reader:
    def read(data: Any, where: str) -> Mapping[str, Any]:
        if type(data) is not dict:
            raise _unlike(data, where, "an object")
        return {key(name, f"{where}.{name}"): item(each, f"{where}.{name}") for name, each in data.items()}

    return read


def _optional(item: _Reader) -> _Reader:
    return lambda data, where: None if data is None else item(data, where)


_SIMPLE: Mapping[object, _Reader] = types.MappingProxyType(
    {float: _number, datetime: _time, date: _day, object: lambda data, _: data}
)
_OF_ITEMS: Mapping[object, Callable[[_Reader], _Reader]] = types.MappingProxyType(
    {tuple: _tuple, types.UnionType: _optional}
)


def _enumeration(kind: type[StrEnum]) -> _Reader:
    words = " or ".join(kind)

    def read(data: Any, where: str) -> StrEnum:
        if type(data) is not str or data not in kind._value2member_map_:
            raise _unlike(data, where, words)
        return kind(data)

    return read


def _struct(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = {name for name, default in _defaults(kind) if default is NODEFAULT}

    def read(data: Any, where: str) -> Any:
        if type(data) is not dict:
            raise _unlike(data, where, "an object")
        if unknown := sorted(data.keys() - readers.keys()):
            raise ValueError(f"{where} has {', '.join(unknown)}, which is not known here")
        if missing := sorted(required - data.keys()):
            raise ValueError(f"{where} has no {', '.join(missing)}")
        return kind(**{name: readers[name](item, f"{where}.{name}") for name, item in data.items()})

    return read


def _unlike(data: object, where: str, wanted: str) -> ValueError:
    return ValueError(f"{where} is {data!r:.60}, not {wanted}")
