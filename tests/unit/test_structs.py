"""The base class of frozen values: what the house expects of it, whatever msgspec changes."""

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from opspact.structs import Struct, asdict, field, fields, replace


class Point(Struct):
    """Two numbers, and names."""

    x: int
    y: int = 0
    names: Mapping[str, int] = field(default_factory=dict)


class Ordered(Struct, order=True):
    """What is put in order by its fields."""

    first: int
    second: str = ""


class Named(Struct, kw_only=True):
    """What is made by names alone."""

    name: str


class Identity(Struct, eq=False):
    """Equal to itself alone."""

    name: str


class Lazy(Struct, dict=True):
    """What computes something once."""

    number: int

    @cached_property
    def made(self) -> list[int]:
        """The number, in a list of its own."""
        return [self.number]


class Checked(Struct):
    """What refuses values."""

    number: int

    def __post_init__(self) -> None:
        """Refuse a number below 0."""
        if self.number < 0:
            raise ValueError("below 0")


@dataclass(frozen=True)
class Plain:
    """Not a struct."""

    number: int


def set_field(value: Any, name: str) -> None:
    setattr(value, name, 1)


def test_no_field_can_be_changed_removed_or_added() -> None:
    point = Point(1)
    for name in ("x", "other"):
        with pytest.raises(AttributeError):
            set_field(point, name)
    with pytest.raises(AttributeError):
        del point.x
    assert point == Point(1)


def test_equal_fields_make_equal_values_of_one_class() -> None:
    assert Point(1, 2) == Point(1, y=2) != Point(1, 3)
    assert hash(Ordered(1, "a")) == hash(Ordered(1, "a"))
    assert {Ordered(1): "found"}[Ordered(1)] == "found"


def test_a_struct_of_a_mapping_has_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(Point(1))


def test_a_struct_can_be_equal_to_itself_alone() -> None:
    one = Identity("a")
    assert one != Identity("a")
    assert {one: 1}[one] == 1
    assert hash(one) != hash(Identity("a"))


def test_structs_are_put_in_order_by_their_fields() -> None:
    assert sorted([Ordered(2), Ordered(1, "b"), Ordered(1)]) == [Ordered(1), Ordered(1, "b"), Ordered(2)]


def test_every_object_has_a_default_of_its_own() -> None:
    assert Point(1).names == Point(1).names == {}
    assert Point(1).names is not Point(1).names


def test_missing_unknown_and_unnamed_arguments_are_refused() -> None:
    for make in (Point, lambda: Point(1, z=2), lambda: Named("a")):  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            make()  # type: ignore[call-arg]


def test_a_changed_copy_keeps_the_rest_and_is_checked() -> None:
    assert replace(Point(1, 2), y=3) == Point(1, 3)
    assert replace(Plain(1), number=2) == Plain(2)
    with pytest.raises(TypeError):
        replace(Point(1), z=1)
    with pytest.raises(ValueError, match="below 0"):
        Checked(-1)
    with pytest.raises(ValueError, match="below 0"):
        replace(Checked(1), number=-1)


def test_what_is_computed_once_is_kept_and_does_not_count() -> None:
    lazy = Lazy(1)
    assert lazy.made is lazy.made
    assert lazy == Lazy(1)
    assert hash(lazy) == hash(Lazy(1))


def test_it_is_matched_shown_listed_and_copied_as_a_dataclass() -> None:
    match Ordered(1, "a"):
        case Ordered(first, second):
            assert (first, second) == (1, "a")
    assert repr(Ordered(1, "a")) == "Ordered(first=1, second='a')"
    assert asdict(Ordered(1)) == {"first": 1, "second": ""}
    assert [each.name for each in fields(Ordered)] == ["first", "second"]
    assert copy.deepcopy(Point(1)) == pickle.loads(pickle.dumps(Point(1))) == Point(1)
