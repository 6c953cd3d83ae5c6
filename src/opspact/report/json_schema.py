"""JSON Schema of policy files, from the models of what is written.

Comes in: a kind, or nothing. Goes out: JSON text, draft 2020-12. Called by the command `schema`.
"""

import json

from opspact.schema.kinds import KINDS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of_kind(kind: str) -> str:
    """Given a known kind, return the schema of its documents."""
    return _text({"$schema": _DIALECT, **KINDS[kind].model_json_schema()})


def schema_of_all() -> str:
    """Return one schema of every document: `kind` says which of them applies."""
    parts: dict[str, object] = {}
    for kind, model in KINDS.items():
        schema = model.model_json_schema(ref_template=f"#/$defs/{kind}.{{model}}")
        parts |= {f"{kind}.{name}": part for name, part in schema.pop("$defs", {}).items()}
        parts[kind] = schema
    choices = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{kind}"},
        }
        for kind in KINDS
    ]
    return _text(
        {
            "$schema": _DIALECT,
            "title": "opspact policy",
            "type": "object",
            "properties": {"kind": {"enum": list(KINDS)}},
            "required": ["kind"],
            "allOf": choices,
            "$defs": parts,
        }
    )


def _text(schema: dict[str, object]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
