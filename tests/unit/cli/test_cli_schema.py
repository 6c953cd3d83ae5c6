"""`opspact schema`: what it prints is a JSON Schema, and it accepts what opspact accepts."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml
from calling import Call

from opspact.schema.kinds import KINDS

POLICIES = Path(__file__).parents[3] / "policies"


def documents() -> list[dict[str, object]]:
    loaded = [yaml.load_all(path.read_text(encoding="utf-8"), yaml.CBaseLoader) for path in POLICIES.rglob("*.yaml")]
    return [document for several in loaded for document in several if document]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_a_schema(opspact: Call, kind: str) -> None:
    schema = json.loads(opspact("schema", kind).out)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["kind"]["const"] == kind


def test_the_schema_of_all_kinds_tells_them_apart(opspact: Call) -> None:
    schema = json.loads(opspact("schema").out)
    validator = jsonschema.Draft202012Validator(schema)

    assert list(validator.iter_errors({"kind": "clause"})) != []
    assert list(validator.iter_errors({"kind": "nonsense"})) != []
    assert {document["kind"] for document in documents()} <= set(schema["properties"]["kind"]["enum"])


def test_an_unknown_kind_is_refused(opspact: Call) -> None:
    assert opspact("schema", "tem").code == 2
