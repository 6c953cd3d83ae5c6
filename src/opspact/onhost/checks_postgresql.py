"""Checks of PostgreSQL: a cluster's unit, and of a database connections, transactions, size, replication, wraparound.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from opspact.onhost.check import CannotCheck, Item, Result, judge, result_of, run
from opspact.onhost.checks_units import unit
from opspact.onhost.history import History

CLUSTERS = "/etc/postgresql"  # of Debian's postgresql-common: VERSION/NAME/postgresql.conf
USUAL_PORT = "5432"
CANNOT_CONNECT = 2  # psql: the connection went bad
TRANSACTIONS = 2**31  # numbers of transactions until the oldest seem to lie in the future
DATABASE_FACTS = """
select json_build_object(
  'connections', (select count(*) from pg_stat_activity where backend_type = 'client backend'),
  'allowed', current_setting('max_connections')::int,
  'size', pg_database_size(current_database()),
  'longest', (select coalesce(extract(epoch from max(clock_timestamp() - since)), 0) from (
      select xact_start as since from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()
      union all select prepared from pg_prepared_xacts) open),
  'oldest', (select max(greatest(age(datfrozenxid), mxid_age(datminmxid))) from pg_database),
  'is_standby', pg_is_in_recovery(),
  'standbys', (select count(*) from pg_stat_replication where state = 'streaming'),
  'standby_lag', (select extract(epoch from max(replay_lag)) from pg_stat_replication),
  'has_primary', current_setting('primary_conninfo') <> '',
  'receives', (select count(*) > 0 from pg_stat_wal_receiver where status = 'streaming'),
  'has_replayed', pg_last_wal_receive_lsn() is not distinct from pg_last_wal_replay_lsn(),
  'lag', extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()))
"""


class Cluster(NamedTuple):
    """A cluster of Debian's: its name (`15/main`), its data, and how its server is reached while it runs."""

    name: str
    data: Path
    owner: str
    port: str
    socket: str

    @property
    def unit(self) -> str:
        """The unit of this cluster alone; `postgresql.service` stays active whatever becomes of it."""
        return f"postgresql@{self.name.replace('/', '-')}.service"

    @property
    def client(self) -> str:
        """The client itself: the one in the path is a script that looks for it."""
        found = Path("/usr/lib/postgresql", self.name.partition("/")[0], "bin/psql")
        return str(found) if found.exists() else "psql"


def clusters(folder: Path) -> list[Cluster]:
    """Return the clusters of this host. Raise CannotCheck when there are none."""
    found = [read_cluster(file) for file in sorted(folder.glob("*/*/postgresql.conf"))]
    if not found:
        raise CannotCheck(f"there is no cluster in {folder}")
    return found


def read_cluster(file: Path) -> Cluster:
    """Given a cluster's postgresql.conf, return the cluster; its port is empty while it does not run."""
    name = f"{file.parent.parent.name}/{file.parent.name}"
    placed = re.search(r"^\s*data_directory\s*=?\s*'([^']+)'", file.read_text(encoding="utf-8"), re.MULTILINE)
    data = Path(placed[1]) if placed else Path("/var/lib/postgresql", name)
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    port, socket = [*lines, *[""] * 5][3:5]
    return Cluster(name, data, pwd.getpwuid(data.stat().st_uid).pw_name, port, socket)


def chosen_cluster(item: Item) -> Cluster:
    """Return the cluster of an item. Raise CannotCheck when it is not there, or none is named and there are several."""
    wanted, found = item.get("cluster"), clusters(Path(item.get("clusters", CLUSTERS)))
    if wanted:
        found = [cluster for cluster in found if cluster.name == wanted]
    elif len(found) > 1:
        found = [cluster for cluster in found if cluster.port == USUAL_PORT]
    if len(found) != 1:
        raise CannotCheck(
            f"there is no cluster {wanted}" if wanted else "there are several clusters, and none is named"
        )
    return found[0]


def postgresql(item: Item, history: History) -> Iterator[Result]:
    """Yield how a cluster's unit and one of its databases are, asked as the account that owns the cluster."""
    name, cluster = item["database"], chosen_cluster(item)
    (active,) = unit({"name": cluster.unit}, history)
    yield {**active, "item": "postgresql_unit"}
    if not cluster.port:
        yield result_of("postgresql", "critical", f"The cluster {cluster.name} is not running.")
        return
    words = ("-XAtw", "-h", cluster.socket, "-p", cluster.port, "-d", name, "-c", DATABASE_FACTS)
    try:
        facts = json.loads(run(cluster.client, *words, account=cluster.owner))
    except CannotCheck as error:
        if error.status != CANNOT_CONNECT:
            raise
        yield result_of("postgresql", "critical", f"The database {name} does not answer: {error}.")
        return
    yield from use_results(item, facts, cluster)
    yield from replication_results(item, facts)


def use_results(item: Item, facts: Result, cluster: Cluster) -> Iterator[Result]:
    """Given what a database says, yield connections, longest transaction, size and wraparound."""
    name, longest = item["database"], round(facts["longest"])
    percent = round(100 * facts["connections"] / facts["allowed"], 1)
    text = f"{facts['connections']} of {facts['allowed']} connections of {name} are in use."
    limits = item.get("connections") or {}
    yield judge("postgresql_connections", text, value=percent, unit="%", limits=limits)
    text, limits = f"The longest transaction has been open for {longest} s.", item.get("longest_transaction") or {}
    yield judge("postgresql_longest_transaction", text, value=longest, unit="s", limits=limits)
    system = os.statvfs(cluster.data)
    text = f"The size of database {name} is {facts['size'] / 2**20:.0f} MiB."
    limits = {"full_within": item.get("full_within")}
    result = judge("postgresql_size", text, value=facts["size"], unit="bytes", limits=limits)
    yield {**result, "free_bytes": system.f_bavail * system.f_frsize}
    percent = round(100 * facts["oldest"] / TRANSACTIONS, 1)
    text = f"The oldest transaction that is not frozen has used {percent:g} % of the way to wraparound."
    yield judge("postgresql_wraparound", text, value=percent, unit="%", limits=item.get("wraparound") or {})


def replication_results(item: Item, facts: Result) -> Iterator[Result]:
    """Given what a database says, yield how far replication is behind, and how many standbys follow a primary."""
    limits, wanted = item.get("replication_lag"), item.get("standbys")
    if limits and facts["is_standby"]:
        yield standby_result(facts, limits)
    elif limits and facts["standbys"]:
        lag = round(facts["standby_lag"] or 0, 1)
        text = f"The slowest standby is {lag:g} s behind."
        yield judge("postgresql_replication_lag", text, value=lag, unit="s", limits=limits)
    if wanted is not None and not facts["is_standby"]:
        count = facts["standbys"]
        text = f"{count} {'standby receives' if count == 1 else 'standbys receive'} changes, expected {wanted}."
        verdict = "ok" if count >= wanted else "critical"
        yield result_of("postgresql_standbys", verdict, text, value=count, unit="standbys", min=wanted)


def standby_result(facts: Result, limits: Item) -> Result:
    """Given what a standby says, return how far it is behind.

    With nothing to replay, the time of the last transaction says how idle the primary is, and not how late the standby.
    """
    if facts["has_primary"] and not facts["receives"]:
        text = "This standby receives nothing from its primary."
        return result_of("postgresql_replication_lag", "critical", text, unit="s", **limits)
    if facts["receives"] and facts["has_replayed"]:
        text = "This standby has replayed all that it received."
        return judge("postgresql_replication_lag", text, value=0, unit="s", limits=limits)
    if facts["lag"] is None:
        raise CannotCheck("this standby has replayed no transaction yet")
    lag = round(facts["lag"], 1)
    text = f"This standby is {lag:g} s behind."
    return judge("postgresql_replication_lag", text, value=lag, unit="s", limits=limits)
