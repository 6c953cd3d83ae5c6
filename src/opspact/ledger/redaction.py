"""The free text of events, masked before they are sealed; names, digests, paths and steps stay as they are.

In: an event, what masks. Out: the event, itself where nothing had to be masked.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from opspact.onhost.redaction import FREE_TEXTS, NOT_MASKED, Redactor
from opspact.structs import Struct, fields, replace

T = TypeVar("T")

_AFTER_STATE = frozenset({"not_ok", "manifest"})
"""Fields of `state: detail`: the state is read by programs."""
_OF_RUNBOOKS = frozenset({"answer", "command", "error_output", "inputs", "output", "values"})
"""Texts of operators and of what they run: a value among them that must be masked is refused before it comes here."""
FREE_FIELDS = FREE_TEXTS | _OF_RUNBOOKS
"""Fields of events with texts that strangers wrote."""
_MASKED = FREE_FIELDS | _AFTER_STATE
_OF_PROGRAMS = "facts"
"""The field whose data is as on-host programs wrote it: its text is known by its keys."""


def masked(value: T, redactor: Redactor) -> T:
    """Given a struct, or a mapping or tuple of structs, return it with its free text masked, and in all it holds."""
    texts: list[str] = []
    _add_texts(value, "", texts)
    if redactor.is_clean(texts):
        return value
    result: T = _masked(value, "", redactor)
    return result


def _add_texts(value: Any, name: str, texts: list[str]) -> None:
    """Add what `_masked` may mask to a list. It is asked of every event: what holds no text is passed over quickly."""
    kind: Any = type(value)
    if kind is str:
        texts += [value] if name in _MASKED else []
    elif kind is dict or isinstance(value, Mapping):
        for key, each in value.items():
            if type(each) not in _PLAIN and key not in NOT_MASKED:
                _add_texts(each, name if name in _MASKED else key, texts)
    elif kind in _LISTS:
        for each in value:
            _add_texts(each, name, texts)
    elif isinstance(value, Struct):
        for each in _names(kind):
            _add_texts(getattr(value, each), each, texts)


def _masked(value: Any, name: str, redactor: Redactor) -> Any:
    match value:
        case str():
            if name in FREE_FIELDS:
                return redactor.masked(value)
            return _after_state(value, redactor) if name in _AFTER_STATE else value
        case Struct():
            return _struct(value, redactor)
        case Mapping():
            if name == _OF_PROGRAMS:
                return redactor.report(value) if value else value
            found: Any = {key: _masked(each, name, redactor) for key, each in value.items()}
        case tuple():
            found = tuple(_masked(each, name, redactor) for each in value)
        case _:
            return value
    return value if found == value else found


def _struct(value: Struct, redactor: Redactor) -> Struct:
    changes = {}
    for name in _names(type(value)):
        before = getattr(value, name)
        after = _masked(before, name, redactor)
        if after is not before and after != before:
            changes[name] = after
    return replace(value, **changes) if changes else value


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:
    """Return the fields of a struct in which text may be found: names of other things hold none."""
    found = (each for each in fields(kind) if each.name not in NOT_MASKED and each.type not in _PLAIN)
    return tuple(
        each.name
        for each in found
        if each.name in _MASKED or not (isinstance(each.type, type) and issubclass(each.type, str | date))
    )


_LISTS = frozenset({tuple, list})
_PLAIN = frozenset({int, bool, float, type(None)})


def _after_state(text: str, redactor: Redactor) -> str:
    state, colon, detail = text.partition(": ")
    return f"{state}{colon}{redactor.masked(detail)}"
