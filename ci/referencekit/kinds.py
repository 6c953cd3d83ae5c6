"""The page of a kind: its fields and parts, reduced commitments, documents of the reference contract.

In: the schema of a kind, the repository's policies. Out: Markdown.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from opspact.report.json_schema import schema_of_kind
from opspact.rollout.scaffold import starter
from opspact.schema.kinds import KINDS
from referencekit.words import cell, code, promises_less, written_as

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "policies"
_EXAMPLES = 2
_LONGEST = 45


def kind_page(kind: str) -> str:
    """Given a kind, return its page."""
    schema = json.loads(schema_of_kind(kind))
    return "\n".join([*_head(kind, schema), *_fields(schema), *_parts(schema), *_less(schema), *_shown(kind)]) + "\n"


def summary(kind: str) -> str:
    """Given a kind, return in a line what it is."""
    return str(json.loads(schema_of_kind(kind))["description"]).splitlines()[0]


def in_guide(kind: str) -> str:
    """Given a kind, return the page of the guide that tells of it, such as `people.md`; nothing when none does."""
    heading = re.compile(rf"^## {kind}$", re.MULTILINE)
    found = [path.name for path in sorted(GUIDE.glob("*.md")) if heading.search(path.read_text(encoding="utf-8"))]
    return found[0] if found else ""


def _head(kind: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {kind}"
    yield ""
    yield str(schema["description"])
    yield ""
    page = in_guide(kind)
    guide = f"[In the guide](../../policies/{page}#{kind}) · " if page else ""
    yield f"{guide}[All kinds](../README.md) · [Schema](../schema/{kind}.schema.json)"


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    yield ""
    yield "| field | description | type | default | example |"
    yield "|---|---|---|---|---|"
    for name, field in sorted(schema["properties"].items(), key=lambda item: item[0] != "kind"):
        default = "**required**" if name in required else _default(field)
        examples = field.get("examples", [])
        example = code(examples[0]) if examples else ""
        cells = (f"`{name}`", str(field["description"]), written_as(field), default, example)
        yield f"| {' | '.join(map(cell, cells))} |"


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, [], {}) else code(default)


def _parts(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, part in schema.get("$defs", {}).items():
        yield ""
        yield f"## {name}"
        yield ""
        yield str(part["description"]).split("\n\n")[0].replace("\n", " ") + _how_many(part)
        yield from _fields(part)


def _how_many(part: Mapping[str, Any]) -> str:
    if part.get("maxProperties") == 1:
        return " Exactly one key."
    for word, key in (("Exactly one of", "oneOf"), ("At least one of", "anyOf")):
        if key in part:
            wanted = [" with ".join(f"`{name}`" for name in each["required"]) for each in part[key]]
            return f" {word}: {', '.join(wanted)}."
    return ""


def _less(schema: Mapping[str, Any]) -> Iterator[str]:
    places = [("", schema), *((f"{name}.", part) for name, part in schema.get("$defs", {}).items())]
    lines = [
        f"- `{place}{name}`: {words}"
        for place, part in places
        for name, field in part["properties"].items()
        if (words := promises_less(field))
    ]
    if lines:
        yield ""
        yield "## Reduced commitments"
        yield ""
        yield "`opspact check --base REF` reports a reduced commitment if:"
        yield ""
        yield from lines


def _shown(kind: str) -> Iterator[str]:
    yield ""
    yield "## Examples"
    for document in _documents(kind)[:_EXAMPLES]:
        yield ""
        yield "```yaml"
        yield document
        yield "```"


def _documents(kind: str) -> list[str]:
    """Return documents of a kind as written in the reference contract, that of `init`, or else in the guide."""
    paths = sorted(path for part in ("policies", "runbooks") for path in (ROOT / part).rglob("*.yaml"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    begun = [text for path, text in starter(date(2026, 1, 1)).items() if path.startswith("policies/")]
    guide = [each.read_text(encoding="utf-8") for each in sorted((ROOT / "docs/policies").glob("*.md"))]
    shown = [text for page in guide for text in re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)]
    for source in (texts, begun, shown):
        found = [document for text in source for document in _split(text) if f"kind: {kind}" in document.splitlines()]
        if found:
            return [each for each in found if len(each.splitlines()) <= _LONGEST] or found[:1]
    raise AssertionError(f"no document of kind {kind}")


def _split(text: str) -> list[str]:
    documents = re.split(r"^---\s*$", text, flags=re.MULTILINE)
    return [re.sub(r"^#.*\n", "", document, flags=re.MULTILINE).strip() for document in documents]


def every_kind() -> tuple[str, ...]:
    """Return the kinds, in order."""
    return tuple(sorted(KINDS))
