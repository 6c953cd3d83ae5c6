"""Every field explains itself, so that schema, documents and `init` can be made from the models."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from opspact.schema.kinds import KINDS, AnyDocument, PolicyDocument

WHOLE: dict[str, Any] = TypeAdapter(PolicyDocument).json_schema()


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
    assert kind == model.model_json_schema()["properties"]["kind"]["const"]


def test_nothing_unknown_is_let_through_anywhere() -> None:
    assert [name for name, part in WHOLE["$defs"].items() if part["additionalProperties"] is not False] == []
