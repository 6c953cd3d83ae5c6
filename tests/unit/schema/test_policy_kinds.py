"""Every field explains itself, so that schema, documents and `init` can be made from the models."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from opspact.report.json_schema import PolicySchema
from opspact.schema.direction import declared
from opspact.schema.fields import Part
from opspact.schema.kinds import KINDS, AnyDocument, PolicyDocument
from opspact.values.age import Age
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.schedule import Schedule
from opspact.values.target import Target

WHOLE: dict[str, Any] = TypeAdapter(PolicyDocument).json_schema(schema_generator=PolicySchema)


def parts() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, part in WHOLE["$defs"].items():
        for field, schema in part["properties"].items():
            yield name, field, schema


@pytest.mark.parametrize(
    ("part", "field", "schema"), list(parts()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_field_has_a_description_and_an_example(part: str, field: str, schema: dict[str, Any]) -> None:
    assert schema.get("description"), f"{part}.{field}"
    assert field == "kind" or schema.get("examples"), f"{part}.{field}"


def test_the_registry_and_the_union_hold_the_same_kinds() -> None:
    assert set(get_args(AnyDocument)) == set(KINDS.values())
    assert set(KINDS) == set(WHOLE["discriminator"]["mapping"])


@pytest.mark.parametrize(("kind", "model"), list(KINDS.items()))
def test_a_kind_is_the_word_that_its_document_begins_with(kind: str, model: type[AnyDocument]) -> None:
    assert kind == model.model_json_schema(schema_generator=PolicySchema)["properties"]["kind"]["const"]


def test_nothing_unknown_is_let_through_anywhere() -> None:
    assert [name for name, part in WHOLE["$defs"].items() if part["additionalProperties"] is not False] == []


COUNTED = {Duration, Percent, Age, Schedule, Target}
"""Kinds of values of which one promises more than another."""

NEITHER = {
    "Backup.takes",
    "DataCare.takes",
    "Inspection.takes",
    "Occasion.or_free_below",
    "Occasion.schedule",
    "RepositoryCheck.takes",
    "Rotation.handover",
    "RunbookStep.within",
    "Times.length",
    "Times.schedule",
    "Training.before",
    "Visit.takes",
}
"""Counted fields of which neither way promises less."""


def counted_fields() -> Iterator[tuple[str, FieldInfo]]:
    seen: set[type[Part]] = set()
    waiting: list[type[Part]] = list(KINDS.values())
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        for name, field in part.model_fields.items():
            kinds = set(kinds_in(field.annotation))
            waiting += [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Part)]
            if kinds & COUNTED:
                yield f"{part.__name__}.{name}", field


def kinds_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for inner in get_args(annotation):
        yield from kinds_in(inner)


@pytest.mark.parametrize(("name", "field"), [pytest.param(*found, id=found[0]) for found in counted_fields()])
def test_a_field_that_is_counted_says_which_way_it_promises_less(name: str, field: FieldInfo) -> None:
    assert (declared(field) is None) == (name in NEITHER), name
