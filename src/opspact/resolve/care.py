"""Documents → care: data care, code tables, log reviews and windows.

Comes in: documents and what is at hand. Goes out: their meaning.
"""

from itertools import combinations

from opspact.model.contract_parts import Care
from opspact.model.policies.code_table import CodeTable
from opspact.model.policies.data_care import DataCare
from opspact.model.policies.log_review import ALWAYS, LogReview
from opspact.model.policies.window import Window
from opspact.resolve.backup_server import server
from opspact.resolve.context import Resolving, origin
from opspact.resolve.values import age, schedule
from opspact.schema import kinds
from opspact.schema.read import Written


def care(at_hand: Resolving) -> Care:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    tables = [(written, _code_table(written, table, at_hand)) for written, table in at_hand.of(kinds.CodeTable)]
    _refuse_two_of_a_table(tables, at_hand)
    return Care(
        data=tuple(_data_care(written, each, at_hand) for written, each in at_hand.of(kinds.DataCare)),
        code_tables=tuple(table for _, table in tables),
        log_reviews=tuple(_log_review(written, each, at_hand) for written, each in at_hand.of(kinds.LogReview)),
        windows=tuple(_window(written, each, at_hand) for written, each in at_hand.of(kinds.Window)),
    )


def _data_care(written: Written, document: kinds.DataCare, at_hand: Resolving) -> DataCare:
    hosts = at_hand.hosts(written, document.hosts, "hosts")
    below = document.when.or_free_below
    return DataCare(
        name=document.name,
        hosts=hosts,
        database=document.database.postgresql,
        table=document.select.table,
        column=document.select.column,
        older_than=age(document.select.older_than),
        server=server(written, document.archive.to, hosts, at_hand=at_hand, path=("archive", "to")),
        keep=age(document.archive.keep),
        schedule=schedule(document.when.schedule),
        free_below=below.value if below else None,
        takes=document.takes.seconds if document.takes else None,
        batch=document.batch,
        origin=origin(written),
    )


def _code_table(written: Written, document: kinds.CodeTable, at_hand: Resolving) -> CodeTable:
    return CodeTable(
        name=document.name,
        hosts=at_hand.hosts(written, document.database.on, "database", "on"),
        database=document.database.postgresql,
        table=document.table,
        key=document.key,
        rows=document.rows,
        removes=document.extra_rows == "remove",
        origin=origin(written),
    )


def _refuse_two_of_a_table(tables: list[tuple[Written, CodeTable]], at_hand: Resolving) -> None:
    """Note a problem where two documents say what one table holds: each would undo the other."""
    alike: dict[tuple[str, str], list[tuple[Written, CodeTable]]] = {}
    for written, table in tables:
        alike.setdefault((table.database, table.table.removeprefix("public.")), []).append((written, table))
    for same in alike.values():
        for (_, one), (written, other) in combinations(same, 2):
            if both := sorted({*one.hosts} & {*other.hosts}):
                message = f"{one.name} says already what {other.table} of {other.database} on {both[0]} holds"
                at_hand.problem(written, "OP130", message, path=("table",), hint="write all rows in one document")


def _log_review(written: Written, document: kinds.LogReview, at_hand: Resolving) -> LogReview:
    calendar = document.off_hours.calendar if document.off_hours else ""
    if calendar not in {"", ALWAYS}:
        at_hand.refer(written, "calendar", calendar, "off_hours", "calendar")
    if document.read_by:
        at_hand.refer(written, ("team", "person"), document.read_by, "read_by")
    return LogReview(
        name=document.name,
        hosts=at_hand.hosts(written, document.hosts, "hosts"),
        schedule=schedule(document.schedule),
        sources=document.sources,
        off_hours=calendar,
        failed_logins=document.failed_logins,
        accounts_ignored=document.accounts_ignored,
        read_by=document.read_by or "",
        anomaly_opens=document.anomaly_opens or "",
        keep=age(document.keep) if document.keep else None,
        origin=origin(written),
    )


def _window(written: Written, document: kinds.Window, at_hand: Resolving) -> Window:
    when = document.when
    return Window(
        name=document.name,
        blackout=document.type == "blackout",
        hosts=at_hand.hosts(written, document.hosts, "hosts"),
        schedule=schedule(when.schedule) if when.schedule else None,
        length=when.length.seconds if when.length else 0,
        days=(when.days.first, when.days.last) if when.days else None,
        allows=frozenset(document.allows),
        origin=origin(written),
    )
