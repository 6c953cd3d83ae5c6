"""Checks of MariaDB: its unit, and of a database connections, transactions, size and replication.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from opspact.onhost.check import CannotCheck, Item, Result, judge, result_of, run
from opspact.onhost.checks_units import unit
from opspact.onhost.history import History
from opspact.onhost.mariadb import CLIENT, NO_ANSWER

OWN_ZONE = "--init-command=set time_zone = 'SYSTEM'"  # when a transaction began is said in it, whatever the zone set is
REPLICATION = "show all slaves status"
SERVER_FACTS = """
select json_object(
  'connections', (select variable_value from information_schema.global_status
                  where variable_name = 'THREADS_CONNECTED'),
  'allowed', @@max_connections,
  'exists', (select count(*) from information_schema.schemata where schema_name = '{0}'),
  'size', (select coalesce(sum(data_length + index_length), 0)
           from information_schema.tables where table_schema = '{0}'),
  'longest', (select greatest(0, coalesce(max(timestampdiff(second, trx_started, now())), 0))
              from information_schema.innodb_trx),
  'replicas', (select count(*) from information_schema.processlist where command like 'Binlog Dump%'),
  'data', @@datadir)
"""


def mariadb(item: Item, history: History) -> Iterator[Result]:
    """Yield how the server's unit and one of its databases are, asked as root over its socket."""
    name = item["database"]
    (active,) = unit({"name": "mariadb.service"}, history)
    yield {**active, "item": "mariadb_unit"}
    try:
        facts = json.loads(run(*CLIENT, OWN_ZONE, "--skip-column-names", f"--execute={SERVER_FACTS.format(name)}"))
    except CannotCheck as error:
        if not NO_ANSWER.search(str(error)):
            raise
        yield result_of("mariadb", "critical", f"The server of database {name} does not answer: {error}.")
        return
    if not int(facts["exists"]):
        yield result_of("mariadb", "critical", f"There is no database {name}.")
        return
    yield from mariadb_results(item, facts)
    if item.get("replication_lag"):
        yield from replica_results(run(*CLIENT, f"--execute={REPLICATION}"), item["replication_lag"])


def mariadb_results(item: Item, facts: Result) -> Iterator[Result]:
    """Given what the server says, yield connections, longest transaction, size, and how many replicas follow it."""
    name, percent = item["database"], round(100 * int(facts["connections"]) / int(facts["allowed"]), 1)
    text = f"{facts['connections']} of {facts['allowed']} connections of {name} are in use."
    yield judge("mariadb_connections", text, value=percent, unit="%", limits=item.get("connections") or {})
    longest = int(facts["longest"])
    text, limits = f"The longest transaction has been open for {longest} s.", item.get("longest_transaction") or {}
    yield judge("mariadb_longest_transaction", text, value=longest, unit="s", limits=limits)
    size, system = int(facts["size"]), os.statvfs(facts["data"])
    text = f"The size of database {name} is {size / 2**20:.0f} MiB."
    result = judge("mariadb_size", text, value=size, unit="bytes", limits={"full_within": item.get("full_within")})
    yield {**result, "free_bytes": system.f_bavail * system.f_frsize}
    if item.get("replicas") is not None:
        count, wanted = int(facts["replicas"]), item["replicas"]
        text = f"{count} {'replica receives' if count == 1 else 'replicas receive'} changes, expected {wanted}."
        verdict = "ok" if count >= wanted else "critical"
        yield result_of("mariadb_replicas", verdict, text, value=count, unit="replicas", min=wanted)


def replica_results(shown: str, limits: Item) -> Iterator[Result]:
    """Given what a server says of its replication, yield how far it is behind; nothing if it is no replica.

    Of several primaries, the one that it follows worst counts.
    """
    head, *rows = [line.split("\t") for line in shown.splitlines() if line.strip()] or [[]]
    lags: list[int] = []
    for row in rows:
        facts = dict(zip(head, row))  # noqa: B905 - Python 3.9 has no `strict`
        seconds = facts["Seconds_Behind_Master"]
        if {facts["Slave_IO_Running"], facts["Slave_SQL_Running"]} != {"Yes"} or not seconds.isdigit():
            reason = facts["Last_IO_Error"] or facts["Last_SQL_Error"] or "it is stopped or not connected"
            text = f"This replica does not follow its primary: {reason[:300].rstrip('.')}."
            yield result_of("mariadb_replication_lag", "critical", text, unit="s", **limits)
            return
        lags.append(int(seconds))
    if lags:
        text = f"This replica is {max(lags)} s behind."
        yield judge("mariadb_replication_lag", text, value=max(lags), unit="s", limits=limits)
