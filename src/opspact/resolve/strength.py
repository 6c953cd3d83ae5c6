"""Documents → the strength of their fields, as the fields declare it.

Comes in: a document. Goes out: its strengths.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_args

from pydantic.fields import FieldInfo

from opspact.model.strength import Amount, Bounds, Strength, Value
from opspact.schema.direction import Direction, declared
from opspact.schema.fields import OneKey, Part, Text
from opspact.values.age import Age
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.period import Period
from opspact.values.schedule import Schedule
from opspact.values.target import Target

Path = tuple[str | int, ...]

_MONTH = 365.2425 / 12 * 86_400
"""Seconds of a mean month of the Gregorian calendar."""


def strengths(part: Part, label: str = "", path: Path = ()) -> Iterator[Strength]:
    """Given a document (or a part of one, how it is called and where it stands), yield the strength of every field.

    Items of a list are called by what they are about, not by their number: one that moved is the same one.
    """
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        written = field.alias or name
        here, below = f"{label}.{written}" if label else written, (*path, written)
        direction = declared(field)
        if direction is not None:
            yield from (
                _wordings(value, here, below)
                if direction == Direction.CHANGED.value
                else [Strength(here, below, direction.value, _meant(value, field, direction), _text(value))]
            )
        yield from _inner(value, here, below)


def _wordings(value: object, label: str, path: Path) -> Iterator[Strength]:
    """Yield what is written for people, each text in each of its languages by itself."""
    match value:
        case Text():
            for language, words in (("en", value.en), ("zh", value.zh)):
                if words is not None:
                    yield Strength(f"{label}.{language}", path, "changed", words, f'"{words}"')
        case Mapping():
            for key, item in value.items():
                yield from _wordings(item, f"{label}.{key}", (*path, key))
        case None:
            yield Strength(label, path, "changed", None, _text(None))
        case _:
            yield Strength(label, path, "changed", str(value), f'"{value}"')


def _inner(value: object, label: str, path: Path) -> Iterator[Strength]:
    """Yield the strengths of what lies in a value."""
    match value:
        case Part():
            yield from strengths(value, label, path)
        case Mapping():
            for key, item in value.items():
                if isinstance(item, Schedule):
                    yield Strength(f"{label}.{key}", (*path, key), "rarer", item, str(item))
                yield from _inner(item, f"{label}.{key}", (*path, key))
        case tuple():
            for index, (item, name) in enumerate(zip(value, _distinguished(value), strict=True)):
                if isinstance(item, Part):
                    yield from strengths(item, f"{label}[{name}]", (*path, index))


def _distinguished(items: tuple[object, ...]) -> Iterator[str]:
    """Yield what each item is about; several about the same thing have numbers, in their order."""
    seen: Counter[str] = Counter()
    for item in items:
        name = called(item) if isinstance(item, Part) else str(item)
        seen[name] += 1
        yield f"{name} #{seen[name]}" if seen[name] > 1 else name


def called(part: Part) -> str:
    """Given an item of a list, return what it is about: its one key, then the first value in it."""
    if isinstance(part, OneKey):
        key = next(name for name in type(part).model_fields if getattr(part, name) is not None)
        inner = getattr(part, key)
        return f"{key} {called(inner) if isinstance(inner, Part) else inner}".rstrip()
    values = (getattr(part, name) for name in type(part).model_fields)
    first = next((value for value in values if value is not None), "")
    if isinstance(first, Part):
        return called(first)
    return "" if isinstance(first, bool | tuple | Mapping) else str(first)


def _meant(value: object, field: FieldInfo, direction: Direction) -> Value:
    if direction in {Direction.LATER_CHOICE, Direction.EARLIER_CHOICE} and isinstance(value, str):
        return Amount(_choices(field).index(value))
    return _amount(value) or _extent(value) or _listed(value)


def _amount(value: object) -> Amount | None:
    match value:
        case int() | float():
            return Amount(value)
        case Percent():
            return Amount(value.value, "%")
        case Duration():
            return Amount(value.seconds if value.kind != "working_days" else value.amount, value.kind)
        case Age():
            return Amount(value.seconds + value.months * _MONTH, "elapsed")
        case Part():  # it is there: more cannot be said of it as a whole
            return Amount(1)
        case _:
            return None


def _extent(value: object) -> Bounds | Period | Schedule | None:
    match value:
        case Target():
            return _bounds(value)
        case Period() | Schedule():
            return value
        case _:
            return None


def _listed(value: object) -> Value:
    match value:
        case tuple():
            return frozenset(_distinguished(value))
        case Mapping():
            return frozenset(map(str, value))
        case None:
            return None
        case _:
            return str(value)


def _bounds(target: Target) -> Bounds:
    """Return what meets a target. Nothing that is measured is below 0."""
    number, endless = target.number, float("inf")
    match target.comparison:
        case ">=":
            return Bounds((number, 0), (endless, 0), target.unit)
        case ">":
            return Bounds((number, 1), (endless, 0), target.unit)
        case "<=":
            return Bounds((0, 0), (number, 0), target.unit)
        case "<":
            return Bounds((0, 0), (number, -1), target.unit)
        case "=":
            return Bounds((number, 0), (number, 0), target.unit)


def _choices(field: FieldInfo) -> tuple[str, ...]:
    """Return the choices of a field in their order; those of `Literal[…] | None` too."""
    arguments = get_args(field.annotation)
    return tuple(word for each in arguments for word in (get_args(each) or (each,)))


def _text(value: object) -> str:
    match value:
        case None | () | {} if not value:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(called(item) if isinstance(item, Part) else str(item) for item in value)
        case Mapping():
            return ", ".join(map(str, value))
        case Part():
            return "something"
        case _:
            return str(value)
