"""Plain data as YAML text that people read and ansible-lint accepts; the same bytes for the same data, everywhere.

Comes in: mappings, sequences and scalars. Goes out: lines.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from opspact.steps.base import Template

_WIDTH = 110
_LONGEST_SIMPLE_KEY = 1000  # YAML reads 1,024 characters ahead for a key's colon
_TEMPLATE_MARKS = ("{{", "{%", "{#")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What JSON leaves as it is and YAML does not allow, or takes for the end of a line."""
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(][A-Za-z0-9_./@+()-]*)*")
_MEANT_OTHERWISE = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def lines(data: Mapping[str, object] | Sequence[object], *, indent: int = 0) -> Iterator[str]:
    """Given data, yield its YAML in block style, each line without its end, `indent` spaces in."""
    pad = " " * indent
    if isinstance(data, Mapping):
        for key, value in data.items():
            written = _scalar(key, None)
            if len(written) > _LONGEST_SIMPLE_KEY:
                yield f"{pad}? {written}"
                written = ""
            yield from _entry(f"{pad}{written}:", value, indent)
        return
    for value in data:
        if isinstance(value, Mapping) and value:
            nested = list(lines(value, indent=indent + 2))
            yield f"{pad}- {nested[0].lstrip()}"
            yield from nested[1:]
        else:
            yield from _entry(f"{pad}-", value, indent)


def _entry(head: str, value: object, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple):
        if value:
            yield head
            yield from lines(value, indent=indent + 2)
        else:
            yield f"{head} {'{}' if isinstance(value, Mapping) else '[]'}"
    else:
        yield f"{head} {_scalar(value, indent + 2)}"


def _scalar(value: object, indent: int | None) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case None:
            return "null"
        case str():
            tag = "!unsafe " if _is_unsafe(value) else ""
            return tag + _text(value, indent)
        case _:
            raise TypeError(f"not plain data: {value!r}")


def _is_unsafe(value: str) -> bool:
    return not isinstance(value, Template) and any(mark in value for mark in _TEMPLATE_MARKS)


def _text(value: str, indent: int | None) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _MEANT_OTHERWISE and len(value) <= _WIDTH:
        return str(value)
    quoted = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    return quoted if indent is None else _folded(quoted, indent)


def _folded(quoted: str, indent: int) -> str:
    """Break a long double-quoted scalar by escaped line ends, never inside an escape sequence.

    A blank at the beginning of a line is escaped, or YAML would take it for the indentation.
    """
    parts = re.findall(r"\\u[0-9a-f]{4}|\\.|[^\\]", quoted)
    pieces: list[str] = []
    piece: list[str] = []
    length = 0
    for part in parts[:-1]:
        if length >= _WIDTH:
            pieces.append("".join(piece))
            piece, length = ["\\" if part == " " else ""], 0
        piece.append(part)
        length += len(part)
    pieces.append("".join([*piece, parts[-1]]))
    return ("\\\n" + " " * indent).join(pieces)
