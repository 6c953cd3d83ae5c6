"""The JSON Schema says what the reader says: all that opspact reads, and as little as possible of what it refuses."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from pydantic import ValidationError

from opspact.report.json_schema import schema_of_all, schema_of_kind
from opspact.schema.kinds import KINDS
from opspact.schema.yaml.nodes import plain
from opspact.schema.yaml.reader import read_yaml

TOP = Path(__file__).parents[3]
EVERYWHERE = (
    "policies/**/*.yaml",
    "runbooks/**/*.yaml",
    "src/opspact/analyse/examples/**/*.yaml",
    "tests/golden/*/*/policies/**/*.yaml",
)
OWN = {
    "missing",
    "extra_forbidden",
    "literal_error",
    "string_type",
    "int_type",
    "bool_type",
    "tuple_type",
    "model_type",
    "greater_than_equal",
    "less_than_equal",
}
"""Mistakes in the shape itself; the rest is what validators of ours know."""

Written = tuple[str, Any]
"""Where a document stands, and what is written."""


@cache
def one(kind: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads(schema_of_kind(kind)))


def documents() -> Iterator[Written]:
    """Yield every document of the repository, refused ones too: where it stands, and what is written."""
    for path in sorted({path for pattern in EVERYWHERE for path in TOP.glob(pattern)}):
        for number, node in enumerate(read_yaml(path.name, path.read_bytes()).documents):
            written = plain(node)
            if isinstance(written, dict) and str(written.get("kind")) in KINDS:
                yield f"{path.relative_to(TOP)}[{number}]", written


def refusals(written: Any) -> set[str]:
    """Return the types of what the reader's models refuse."""
    try:
        KINDS[written["kind"]].model_validate(written)
    except ValidationError as error:
        return {details["type"] for details in error.errors()}
    return set()


def as_json(written: Any) -> Any:
    return json.loads(json.dumps(written))


@cache
def every() -> tuple[list[Written], list[tuple[str, Any, set[str]]]]:
    """Return what the reader takes, and what it refuses with the types of its mistakes."""
    judged = [(where, written, refusals(written)) for where, written in documents()]
    return [(where, written) for where, written, types in judged if not types], [each for each in judged if each[2]]


def test_everything_that_opspact_reads_is_let_through() -> None:
    read, _ = every()
    assert len(read) > 500
    assert {written["kind"] for _, written in read} == set(KINDS)
    reported = [
        (where, error.message)
        for where, written in read
        for error in one(written["kind"]).iter_errors(as_json(written))
    ]
    assert reported == []


def test_the_schema_of_all_kinds_says_the_same_as_that_of_one() -> None:
    read, refused = every()
    of_all = jsonschema.Draft202012Validator(json.loads(schema_of_all()))
    for where, written in [*read[::7], *[(where, written) for where, written, _ in refused]]:
        assert of_all.is_valid(as_json(written)) == one(written["kind"]).is_valid(as_json(written)), where


def test_a_wrong_shape_is_always_underlined() -> None:
    wrong = [(where, written) for where, written, types in every()[1] if types & OWN]
    assert len(wrong) > 30
    assert [where for where, written in wrong if one(written["kind"]).is_valid(as_json(written))] == []


def test_most_of_what_is_refused_is_underlined() -> None:
    _, refused = every()
    passed = [where for where, written, _ in refused if one(written["kind"]).is_valid(as_json(written))]
    assert len(refused) > 100
    assert len(passed) / len(refused) < 0.3, passed


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_examples_of_fields_are_let_through(kind: str) -> None:
    schema = json.loads(schema_of_kind(kind))
    for name, field in schema["properties"].items():
        validator = jsonschema.Draft202012Validator({**field, "$defs": schema.get("$defs", {})})
        for example in field.get("examples", []):
            assert [error.message for error in validator.iter_errors(example)] == [], name


@pytest.mark.parametrize("text", ["Daily at 02:00", "WEEKLY on Sunday  at 02:00", " hourly at :05 ", "*/5 1-3 * * mon"])
def test_a_schedule_in_capitals_or_with_more_blanks_is_one(text: str) -> None:
    written = {"kind": "visit", "name": "call", "by": "desk", "schedule": text}
    assert refusals(written) == set()
    assert one("visit").is_valid(written)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("visit", "schedule", "every night"),
        ("visit", "takes", "5d"),
        ("visit", "takes", "3"),
        ("person", "from", "2026-1-1"),
        ("person", "channels", {"Mobile": "1"}),
        ("calendar", "week", {"mond": "09:00-17:00"}),
        ("ladder", "steps", []),
        ("backup", "rpo", "26"),
        ("backup", "passphrase", "hunter2"),
    ],
)
def test_a_typical_mistake_is_underlined_at_its_field(kind: str, field: str, value: object) -> None:
    errors = list(one(kind).iter_errors({"kind": kind, "name": "it", field: value}))
    assert [field] in [list(error.absolute_path)[:1] for error in errors]
