"""Plain data as YAML text that people read and ansible-lint accepts; the same bytes for the same data, everywhere.

Comes in: mappings, sequences and scalars. Goes out: lines. Called by compile's writers; nothing here knows Ansible
but the two kinds of text: templates go out as they are, other text with braces as `!unsafe`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from opspact.model.steps.base import Template

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(][A-Za-z0-9_./@+()-]*)*")
_MEANT_OTHERWISE = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def lines(data: Mapping[str, object] | Sequence[object], *, indent: int = 0) -> Iterator[str]:
    """Given data, yield its YAML in block style, each line without its end, `indent` spaces in."""
    pad = " " * indent
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{pad}{_scalar(key, 0)}:", value, indent)
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


def _scalar(value: object, indent: int) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case None:
            return "null"
        case str():
            tag = "!unsafe " if not isinstance(value, Template) and ("{{" in value or "{%" in value) else ""
            return tag + _text(value, indent)
        case _:
            raise TypeError(f"not plain data: {value!r}")


def _text(value: str, indent: int) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _MEANT_OTHERWISE and len(value) <= _WIDTH:
        return str(value)
    return _folded(json.dumps(value, ensure_ascii=False), indent)


def _folded(quoted: str, indent: int) -> str:
    """Break a long double-quoted scalar by escaped line ends, never inside an escape sequence or beside a space."""
    pieces, piece = [], ""
    for part in re.findall(r"\\u[0-9a-f]{4}|\\.|[^\\]", quoted):
        if len(piece) >= _WIDTH and part not in {" ", '"'} and not piece.endswith(" "):
            pieces.append(piece)
            piece = ""
        piece += part
    pieces.append(piece)
    return ("\\\n" + " " * indent).join(pieces)
