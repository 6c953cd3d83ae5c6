"""The base class of the frozen values that the program's parts hand each other.

In: nothing. Out: `Struct`, and what makes a changed copy of one.

msgspec defines a class in C; the standard library's `dataclass` compiles seven functions for each, which was a fifth
of `opspact check` (docs/decisions/0014). A class stays a dataclass when it can be changed, when it is abstract, or when
a field of it does not count in comparisons: structs have none of these.
"""

import dataclasses
from typing import Any, TypeVar, dataclass_transform

import msgspec
from msgspec import NODEFAULT, field
from msgspec.structs import asdict, fields

__all__ = ["NODEFAULT", "Struct", "asdict", "field", "fields", "from_json", "replace"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Struct(msgspec.Struct, frozen=True):
    """A value of named fields that never change. Equal to another of its class whose fields are all equal."""


def replace(value: T, **changes: Any) -> T:
    """Given a struct or a dataclass and new values of fields, return a copy of it with those.

    Raise TypeError for a field that it does not have.
    """
    if isinstance(value, Struct):
        return msgspec.structs.replace(value, **changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]  # any dataclass


def from_json(text: str, kind: type[T]) -> T:
    """Given JSON and a struct's type, return the struct that it says. Raise ValueError when it says something else."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
