"""What is asked of the table of events, as SQL that both databases answer from an index.

In: kinds, contracts, subjects. Out: SELECT statements.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Required, TypedDict

from sqlalchemy import CTE, ColumnElement, ScalarSelect, Select, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from opspact.errors import Refused
from opspact.ledger.canonical import time_text
from opspact.ledger.table import HAS_KEY, events

_LAST = "\U0010ffff"


class Choice(TypedDict, total=False):
    """Which events of a type to read. `subject`: all of it; `since`: at or after this aware time, as the events say.

    `after`: recorded after the event of this sequence number. In the order of recording, or with `newest_first` against
    it; at most `limit`.
    """

    contract: Required[str]
    subject: str
    since: datetime
    after: int
    newest_first: bool
    limit: int | None


def ordered(*, newest_first: bool = False, limit: int | None = None) -> Select[Any]:
    """Return the query for all events, in the order of recording or against it."""
    sequence = events.c.sequence
    return select(events).order_by(sequence.desc() if newest_first else sequence).limit(limit)


def of_any(kind: str, contract: str, *, newest_first: bool, limit: int | None) -> Select[Any]:
    """Given a kind and a contract (empty: all of them), return the query for those events."""
    query = ordered(newest_first=newest_first, limit=limit)
    for name, value in (("kind", kind), ("contract", contract)):
        if value:
            query = query.where(events.c[name] == value)
    return query


def chosen(kind: str, choice: Choice) -> Select[Any]:
    """Given a kind and a choice, return the query for those events. Raise Refused for a `since` without zone."""
    columns = events.c
    query = ordered(newest_first=choice.get("newest_first", False), limit=choice.get("limit"))
    query = query.where(columns.kind == kind)
    if "subject" in choice:
        query = query.where(columns.contract == choice["contract"], columns.subject == choice["subject"])
    else:
        # A function of it, so that no database prefers the index by subject, and sorts what it finds there.
        query = query.where(func.coalesce(columns.contract, "") == choice["contract"])
    if "since" in choice:
        query = query.where(columns.at >= _text_of(choice["since"]))
    if "after" in choice:
        query = query.where(columns.sequence > choice["after"])
    return query


def _text_of(since: datetime) -> str:
    if since.utcoffset() is None:
        raise Refused("events since a time need a time with a zone")
    return time_text(since)


def subjects(kind: str, contract: str, prefix: str) -> CTE:
    """Return the subjects of a kind that begin with a prefix, each once, in their order: `subject` is NULL at the end.

    A loose index scan: each step jumps to the next subject, so it costs by their number and not by that of events.
    """
    rows = events.alias("first_rows")
    first = select(func.min(rows.c.subject).label("subject")).where(
        *_of(rows, kind, contract), rows.c.subject >= prefix, *_below(rows, prefix)
    )
    walk = first.cte("walk", recursive=True)
    rows = events.alias("next_rows")
    following = select(func.min(rows.c.subject)).where(
        *_of(rows, kind, contract), rows.c.subject > walk.c.subject, *_below(rows, prefix)
    )
    return walk.union_all(select(following.scalar_subquery()).where(walk.c.subject.is_not(None)))


def named(wanted: Iterable[str]) -> CTE:
    """Given subjects, return them as `subjects` returns those that it finds.

    They are one parameter, however many they are, so that the statement is compiled once.
    """
    given = _Texts(json.dumps(list(wanted))).table_valued("value")
    return select(given.c.value.label("subject")).cte("walk")


class _Texts(FunctionElement[str]):
    """The texts of a JSON array, as rows with one column, `value`."""

    inherit_cache = True


@compiles(_Texts, "sqlite")
def _in_sqlite(texts: _Texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(texts.clauses, **options)})"


@compiles(_Texts, "postgresql")
def _in_postgresql(texts: _Texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(texts.clauses, **options)} AS json))"


def sequences(kind: str, contract: str, walk: CTE, *, newest: bool) -> Select[Any]:
    """Given subjects, return the query for each one's newest, or else oldest, sequence number of a kind, if any."""
    rows = events.alias("rows_of_one")
    outermost = func.max if newest else func.min
    found: ScalarSelect[Any] = (
        select(outermost(rows.c.sequence))
        .where(*_of(rows, kind, contract), rows.c.subject == walk.c.subject)
        .correlate(walk)
        .scalar_subquery()
    )
    return select(found).where(walk.c.subject.is_not(None))


def numbered(wanted: Iterable[int]) -> Select[Any]:
    """Given sequence numbers, return the query for those events, in the order of recording."""
    return ordered().where(events.c.sequence.in_(list(wanted)))


def with_keys(kind: str, contract: str, keys: Iterable[str]) -> Select[Any]:
    """Return the query for the sequence number and key of the events of a kind that have one of these keys."""
    columns = events.c
    query = select(columns.sequence, columns["key"]).where(HAS_KEY, *_of(events, kind, contract))
    return query.where(columns["key"].in_(list(keys)))


def _of(rows: Any, kind: str, contract: str) -> tuple[ColumnElement[bool], ...]:
    return rows.c.contract == contract, rows.c.kind == kind


def _below(rows: Any, prefix: str) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a subject sorts before everything that comes after the prefix."""
    end = prefix.rstrip(_LAST)
    if not end:
        return ()
    after = ord(end[-1]) + 1
    following = chr(0xE000 if after == 0xD800 else after)  # noqa: PLR2004 - surrogates are no characters
    return (rows.c.subject < literal(end[:-1] + following),)
