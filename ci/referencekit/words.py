"""JSON Schema in words: the type of a field, an example, which change of a value is a reduced commitment.

In: parts of a schema. Out: Markdown for a cell of a table.
"""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from opspact.schema.direction import KEY, Direction

_LESS = {
    Direction.MORE: "the new value is larger, or removed",
    Direction.LESS: "the new value is smaller, or removed",
    Direction.FEWER: "an entry is removed",
    Direction.GROWN: "an entry is added",
    Direction.LOOSER: "a value meets the target that did not meet it before",
    Direction.GIVEN: "it is added or changed",
    Direction.SHORTER: "future days are no longer included",
    Direction.OFF: "it changes from `true` to `false`",
    Direction.RARER: "it is due less often",
    Direction.FEWER_HOSTS: "it no longer matches all hosts that it matched before",
    Direction.FEWER_HOURS: "it covers fewer hours",
    Direction.LATER_CHOICE: "the new choice is later in the list",
    Direction.EARLIER_CHOICE: "the new choice is earlier in the list",
    Direction.LIGHTER: "the new level is less severe, or removed",
    Direction.LATER: "the new value is larger, or appears where there was none",
    Direction.NARROWER: "an entry is removed, or a list appears where there was none",
    Direction.ANY_OF: "an entry is added, or the last one is removed",
    Direction.ONLY_HOSTS: "it no longer matches all hosts that it matched before, or appears where there was none",
    Direction.MORE_HOURS: "it covers more hours",
    Direction.OTHER: "it is changed or removed",
    Direction.CHANGED: "it is changed (a note)",
}


def cell(text: str) -> str:
    """Given Markdown, return it fit for a cell of a table."""
    return text.replace("\n", "⏎").replace("|", "\\|")


def code(value: object) -> str:
    """Given a value, return it as YAML on one line, as code; nothing for nothing."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return f"`{written.strip().removesuffix('...').strip()}`"


def promises_less(field: Mapping[str, Any]) -> str:
    """Given a field's schema, return in words when it promises less; nothing where that is not declared."""
    if KEY not in field:
        return ""
    direction = Direction(field[KEY])
    is_part = direction is Direction.LESS and "$ref" in str([field.get("$ref"), field.get("anyOf")])
    return "it is removed" if is_part else _LESS[direction]


def written_as(schema: Mapping[str, Any]) -> str:
    """Given the schema of a value, return in words how it is written; parts are linked to their headings."""
    for key, tell in _BY_KEY.items():
        if key in schema:
            return tell(schema)
    kind = schema["type"]
    return " or ".join(kind) if isinstance(kind, list) else _BY_TYPE[kind](schema)


def _part(schema: Mapping[str, Any]) -> str:
    name = schema["$ref"].rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _list(schema: Mapping[str, Any]) -> str:
    return f"a list: {written_as(schema['items'])}{', at least one' if schema.get('minItems') else ''}"


def _text(schema: Mapping[str, Any]) -> str:
    return str(schema.get("x-written-as", "text")).partition(" (")[0]


def _choices(schema: Mapping[str, Any]) -> str:
    choices = [each for each in schema["anyOf"] if each != {"type": "null"}]
    if len(choices) == 2 and choices[1].get("items") == choices[0]:  # noqa: PLR2004 - one, or several
        return f"{written_as(choices[0])}, or a list of them"
    return " or ".join(map(written_as, choices))


def _mapping(schema: Mapping[str, Any]) -> str:
    values = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    keys = str(schema.get("x-keys", "text")).partition(" (")[0]
    return f"a mapping: {keys} → {'any value' if values[0] is True else written_as(values[0])}"


def _number(schema: Mapping[str, Any]) -> str:
    words = "an integer" if schema["type"] == "integer" else "a number"
    low, high = schema.get("minimum"), schema.get("maximum")
    above = f" above {schema['exclusiveMinimum']:g}" if "exclusiveMinimum" in schema else ""
    start = f" from {low}" if low is not None else above
    return f"{words}{start}{f' to {high}' if high is not None else ''}"


_BY_KEY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "$ref": _part,
    "const": lambda schema: code(schema["const"]),
    "enum": lambda schema: " or ".join(map(code, schema["enum"])),
    "anyOf": _choices,
}
_BY_TYPE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "array": _list,
    "object": _mapping,
    "integer": _number,
    "number": _number,
    "boolean": lambda _schema: "`true` or `false`",
    "string": _text,
}
