"""The one JSON object that a command prints for scripts: its schema and version first.

Comes in: plain data. Goes out: text.
"""

import json
from collections.abc import Mapping

from opspact.model.names import document_schema

VERSION = 1


def document(name: str, content: Mapping[str, object]) -> str:
    """Given a document's name (`verify`) and its content, return its text, `schema` and `version` first."""
    whole = {"schema": document_schema(name), "version": VERSION, **content}
    parts = [f"{_compact(key)}: {_laid_out(value)}" for key, value in whole.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _laid_out(value: object) -> str:
    """Return a value's text; the items of a list stand on lines of their own, so that ten thousand are still read."""
    if not isinstance(value, list) or not value:
        return _compact(value)
    return "[\n" + ",\n".join(map(_compact, value)) + "\n]"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
