"""Pydantic's errors in our words, at their places.

Comes in: a ValidationError, the node it is about, its model. Goes out: problems.
"""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from opspact.errors import Problem
from opspact.schema.codes import Code
from opspact.schema.fields import Text
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.yaml.nodes import MappingNode, Node, PathPart, Scalar, Sequence, find
from opspact.schema.yaml.source import Source
from opspact.text.suggestions import did_you_mean, nearest
from opspact.text.unicode import escaped

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": "expected {ge} or more",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected {le} or less",
    "less_than": "expected less than {lt}",
    "too_short": "expected at least {min_length}, got fewer",
    "too_long": "expected at most {max_length}, got more",
    "string_too_long": "expected at most {max_length} characters, got more",
}
_LONGEST_HINT = 60
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_PLAIN = re.compile(r"[\w(][\w .()/&;-]*")
"""Texts that need no quotes between braces."""
_TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def problems(error: ValidationError, node: Node, *, model: type[BaseModel], source: Source) -> Iterator[Problem]:
    """Given what pydantic says about a node, yield a problem for each, with its place, path and way out."""
    for details in error.errors(include_url=False):
        path = details["loc"]
        if path[-1:] == ("[key]",) and details["type"] != "extra_forbidden":
            path = path[:-1]  # pydantic's mark for «the key itself»; an unknown key may really be called so
        yield _problem(details, path, node=node, model=model, source=source)


def _problem(
    details: ErrorDetails,
    path: tuple[PathPart, ...],
    *,
    node: Node,
    model: type[BaseModel],
    source: Source,
) -> Problem:
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, InvalidValueError):
        path += cause.below
    found, mark, depth = find(node, path)
    code, message, hint = Code.BAD_FORM, details["msg"], ""
    if isinstance(cause, InvalidValueError):
        code, message, hint = cause.code, cause.message, cause.hint
    elif details["type"] == "missing":
        code, message, hint = _missing(model, path)
    elif details["type"] == "extra_forbidden":
        code, message, hint = _unknown(model, path)
        parent = find(node, path[:-1])[0]
        if isinstance(parent, MappingNode):
            mark = parent.keys[str(path[-1])]
            hint = _unquoted(parent, str(path[-1])) or hint
    elif details["type"] == "literal_error":
        code, message, hint = _no_choice(details, found)
    elif details["type"] in _EXPECTED:
        code, message, hint = _wrong_type(_EXPECTED[details["type"]], found)
        owner = _model_at(model, path)
        if isinstance(found, Scalar) and owner is not None and issubclass(owner, Text):
            hint = _as_text(found)
    else:
        code, message = _out_of_bounds(details)
    secret = isinstance(cause, InvalidValueError) and cause.secret
    place = source.place(mark)
    written = "" if secret else source.line(mark.line)
    where = path if details["type"] == "missing" or _is_missing(cause) else path[:depth]
    return Problem(code, place, message, where=format_path(where), hint=hint, source=written)


def format_path(path: tuple[PathPart, ...]) -> str:
    """Given a path, return it as people write it: `files[0].path`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{escaped(part[:80])}" for part in path)
    return "".join(parts).removeprefix(".")


def _is_missing(cause: object) -> bool:
    return isinstance(cause, InvalidValueError) and cause.code is Code.FIELD_MISSING


def _missing(model: type[BaseModel], path: tuple[PathPart, ...]) -> tuple[Code, str, str]:
    code = Code.NAME_MISSING if path == ("name",) else Code.FIELD_MISSING
    owner = _model_at(model, path[:-1])
    for name, field in owner.model_fields.items() if owner else ():
        if (field.alias or name) == path[-1] and field.examples:
            return code, "required field is missing", f"for example {path[-1]}: {_flow(field.examples[0])}"
    return code, "required field is missing", ""


def _unknown(model: type[BaseModel], path: tuple[PathPart, ...]) -> tuple[Code, str, str]:
    owner = _model_at(model, path[:-1])
    known = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
    word = str(path[-1])
    other = getattr(owner, "other_words", {}).get(word)
    hint = f"write {other}" if other else did_you_mean(word, known)
    return Code.KEY_UNKNOWN, f"unknown key {quote(word)}", hint


def _unquoted(parent: MappingNode, word: str) -> str:
    """Given a key without a value, return how to quote the text of which it is a part: `{en: Office, Example}`."""
    if not _is_nothing(parent.values[word]):
        return ""
    names = list(parent.keys)
    first = next((name for name in reversed(names[: names.index(word)]) if not _is_nothing(parent.values[name])), None)
    begin = parent.values[first] if first is not None else None
    if first is None or not isinstance(begin, Scalar) or begin.mark.line != parent.keys[word].line:
        return ""
    text, end = begin.text, begin.mark.column + len(begin.text)
    for name in names[names.index(first) + 1 :]:
        if not _is_nothing(parent.values[name]):
            break
        text += "," + " " * (parent.keys[name].column - end - 1) + name
        end = parent.keys[name].column + len(name)
    return f'quote a text with a comma: {first}: "{escaped(text)}"' if len(text) < _LONGEST_HINT else "quote the text"


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _as_text(found: Scalar) -> str:
    """Given a text without its language, return how it is written with it."""
    language = "zh" if _CHINESE.search(found.text) else "en"
    text = found.text if _PLAIN.fullmatch(found.text) else f'"{escaped(found.text)}"'
    return f"write {{{language}: {text}}}" if found.text and len(text) < _LONGEST_HINT else "write {en: …}"


def _no_choice(details: ErrorDetails, found: Node) -> tuple[Code, str, str]:
    expected = str(details.get("ctx", {}).get("expected", "")).replace("'", "")
    words = expected.replace(" or ", ", ").split(", ")
    near = nearest(found.text, words) if isinstance(found, Scalar) else None
    hint = f'did you mean "{near}"?' if near else ""
    return Code.NOT_A_CHOICE, f"expected {expected}, got {_got(found)}", hint


def _wrong_type(expected: str, found: Node) -> tuple[Code, str, str]:
    hint = ""
    if isinstance(found, Scalar):
        if expected == "text" and found.value is not None:
            hint = f'write it in quotes: "{found.text[:60]}"'
        elif expected == "true or false":
            word = found.text.lower()
            near = _TRUTHS.get(word, word if word in {"true", "false"} else "")
            hint = f"write {near}" if near else ""
        elif isinstance(found.value, str) and found.value.isdecimal() and "number" in expected:
            hint = f"write {found.value[:18].lstrip('0') or '0'}"
        elif expected == "a list" and found.value is not None:
            hint = f"write [{escaped(found.text)}]" if len(found.text) < _LONGEST_HINT else ""
    return Code.WRONG_TYPE, f"expected {expected}, got {_got(found)}", hint


def _out_of_bounds(details: ErrorDetails) -> tuple[Code, str]:
    template = _BOUNDS.get(details["type"])
    if template is None:
        return Code.BAD_FORM, details["msg"]
    words = template.format(**details.get("ctx", {}))
    return Code.OUT_OF_BOUNDS, words if "got" in words else f"{words}, got {quote(details['input'])}"


def _got(found: Node) -> str:
    """Given a node, return how it is written: 1.10 stays 1.10."""
    match found:
        case Scalar(value=str()) | Scalar(value=None):
            return quote(found.value)
        case Scalar():
            return found.text[:60]
        case MappingNode():
            return "a mapping"
        case Sequence():
            return "a list"


def _flow(value: object) -> str:
    """Given an example, return it as YAML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case bool():
            return "true" if value else "false"
        case str() if value.isdigit():
            return f'"{value}"'
        case _:
            return str(value)


def _model_at(model: type[BaseModel], path: tuple[PathPart, ...]) -> type[BaseModel] | None:
    """Given a model and a path, return the model of the mapping there, or None when none is declared."""
    current: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        if get_origin(current) is Mapping:  # the part is one of its keys
            current = _innermost(get_args(current)[1])
            continue
        fields = getattr(current, "model_fields", {})
        field = next((field for name, field in fields.items() if (field.alias or name) == part), None)
        current = _innermost(field.annotation) if field is not None else None
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _innermost(annotation: Any) -> Any:
    """Given a field's annotation, return the model inside its lists, options and marks, or the annotation itself.

    A mapping stays one: what it holds is of another model, behind its keys.
    """
    origin = get_origin(annotation)
    if origin is None or origin is Mapping:
        return annotation
    parts = get_args(annotation)
    if origin in {Union, UnionType}:
        parts = tuple(part for part in parts if part is not type(None))
    return _innermost(parts[0])
