"""What a PostgreSQL database says of its size, its tables and the rows written in them.

Comes in: a cluster, a database, tables. Goes out: facts. Part of the program `inspection`.

Rows written are those inserted, updated and deleted, as PostgreSQL counts them: those of transactions that were rolled
back count, those that a TRUNCATE removes do not. After a crash it counts from 0 again and says so only by when the
statistics of the server were reset.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from opspact.onhost.check import run
from opspact.onhost.checks_postgresql import Cluster

SAFE_PATH = "set search_path = pg_catalog"  # nothing that an owner of tables defines is found in place of what is meant
OF_DATABASE = """
select json_build_object(
  'cluster', (select system_identifier::text from pg_control_system()),
  'reset', (select stats_reset from pg_stat_database where datname = current_database()),
  'server_reset', (select stats_reset from pg_stat_bgwriter),
  'is_standby', pg_is_in_recovery(),
  'size', pg_database_size(current_database()),
  'rows', (select tup_inserted + tup_updated + tup_deleted from pg_stat_database where datname = current_database()),
  'maps', (select quote_ident(nspname) from pg_extension join pg_namespace space on space.oid = extnamespace
    where extname = 'pg_freespacemap'))
"""
OF_TABLES = """
select coalesce(json_object_agg(name, facts), '{}') from (
  select name, json_build_object(
    'oid', top::bigint,
    'rows', sum(n_tup_ins + n_tup_upd + n_tup_del),
    'size', sum(pg_total_relation_size(part)),
    'reusable', sum(FREE)) as facts
  from (
    select space.nspname || '.' || relname as name, class.oid as top, class.oid as part
      from pg_class class join pg_namespace space on space.oid = relnamespace
      where relkind in ('r', 'p', 'm') and space.nspname || '.' || relname in (NAMES)
    union
    select space.nspname || '.' || relname, class.oid, tree.relid
      from pg_class class join pg_namespace space on space.oid = relnamespace, pg_partition_tree(class.oid) tree
      where space.nspname || '.' || relname in (NAMES)) parts
  join pg_stat_all_tables stat on stat.relid = part
  group by name, top) tables
"""
# As VACUUM maps it: by page, since the extension's function for a whole table needs its schema in the search path.
MAPPED = """
(select coalesce(sum({}.pg_freespace(part::regclass, page)), 0)
  from generate_series(0, pg_relation_size(part) / current_setting('block_size')::bigint - 1) page)
"""
# Otherwise what the live rows, by their mean width, leave of the pages.
ESTIMATED = """
case when coalesce(last_vacuum, last_autovacuum, last_analyze, last_autoanalyze) is null then null
  when n_live_tup = 0 then pg_relation_size(part)
  else (select greatest(0, pg_relation_size(part) * (1 - 24.0 / 8192)
      - n_live_tup * (28 + 8 * ceil(nullif(sum(stawidth * (1 - stanullfrac)), 0) / 8)))
    from pg_statistic where starelid = part and not stainherit) end
"""


def ask_growth(cluster: Cluster, database: str, tables: list[str]) -> dict[str, Any]:
    """Return what a database says of itself, and of tables (`SCHEMA.NAME`) if they are there. Raise CannotCheck."""
    facts = ask_json(cluster, database, OF_DATABASE)
    names = ", ".join("'" + table.replace("'", "''") + "'" for table in tables)
    free = MAPPED.format(facts["maps"]) if facts["maps"] else ESTIMATED
    query = OF_TABLES.replace("FREE", free).replace("NAMES", names)
    facts["tables"] = ask_json(cluster, database, query) if tables else {}
    return facts


def ask_json(cluster: Cluster, database: str, query: str) -> dict[str, Any]:
    """Return the one JSON object that a query gives, asked as the account that owns the cluster. Raise CannotCheck."""
    place = ("-h", cluster.socket, "-p", cluster.port, "-d", database)
    found: dict[str, Any] = json.loads(
        run(cluster.client, "-XAtqw", *place, "-c", SAFE_PATH, "-c", query, account=cluster.owner)
    )
    return found


def counters_of(facts: dict[str, Any]) -> dict[str, int]:
    """Return how many rows were ever written in the database (an empty name) and in each table."""
    return {"": facts["rows"], **{name: table["rows"] for name, table in facts["tables"].items()}}


def identity_of(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same for two readings of the counters to be compared."""
    oids = {name: table["oid"] for name, table in facts["tables"].items()}
    return {**{name: facts[name] for name in ("cluster", "reset", "server_reset", "is_standby")}, "oids": oids}


def changed_since(before: dict[str, Any], facts: dict[str, Any], quantities: Iterable[str]) -> dict[str, str]:
    """Return why counters cannot be compared with earlier ones, by quantity; those that are not named can."""
    now, counters, reason = identity_of(facts), counters_of(facts), ""
    if facts["is_standby"]:
        reason = "this server is a standby, which counts no rows"
    elif before["cluster"] != now["cluster"]:
        reason = "this is another cluster than at the last measurement"
    elif before["is_standby"]:
        reason = "this server was a standby at the last measurement"
    elif before["server_reset"] != now["server_reset"] or before["reset"] != now["reset"]:
        reason = "PostgreSQL crashed, or its statistics were reset"
    found = {}
    for quantity in quantities:
        if reason:
            found[quantity] = reason
        elif quantity not in before["counters"]:
            found[quantity] = "there is no earlier measurement"
        elif quantity and before["oids"].get(quantity) != now["oids"][quantity]:
            found[quantity] = "the table was made after the last measurement"
        elif counters[quantity] < before["counters"][quantity]:
            found[quantity] = "the counter fell"
    return found
