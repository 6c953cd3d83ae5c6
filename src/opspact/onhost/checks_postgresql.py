"""Checks of PostgreSQL: connections, size and transactions of a database.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from opspact.onhost.check import CannotCheck, Item, Result, judge, result_of, run
from opspact.onhost.history import History

DATABASE_FACTS = """
select json_build_object(
  'connections', (select count(*) from pg_stat_activity where backend_type = 'client backend'),
  'allowed', current_setting('max_connections')::int,
  'size', pg_database_size(current_database()),
  'longest', coalesce((select extract(epoch from max(clock_timestamp() - xact_start)) from pg_stat_activity
                       where backend_type = 'client backend' and pid <> pg_backend_pid()), 0))
"""


def postgresql(item: Item, _: History) -> Iterator[Result]:
    """Yield a database's connections, size and longest transaction, asked as the account postgres."""
    name = item["database"]
    try:
        facts = json.loads(run("runuser", "-u", "postgres", "--", "psql", "-XAtw", "-d", name, "-c", DATABASE_FACTS))
    except CannotCheck as error:
        if error.status != 2:  # noqa: PLR2004 - psql: the connection went bad
            raise
        yield result_of("postgresql", "critical", f"The database {name} does not answer: {error}.")
        return
    percent, longest = round(100 * facts["connections"] / facts["allowed"], 1), round(facts["longest"])
    texts = {
        "connections": (
            percent,
            "%",
            f"{facts['connections']} of {facts['allowed']} connections of {name} are in use.",
        ),
        "longest_transaction": (longest, "s", f"The longest transaction has been running for {longest} s."),
        "size": (facts["size"], "bytes", f"The size of database {name} is {facts['size'] / 2**20:.0f} MiB."),
    }
    for fact, (value, unit_, text) in texts.items():
        yield judge(f"postgresql_{fact}", text, value=value, unit=unit_, limits=item.get(fact) or {})
