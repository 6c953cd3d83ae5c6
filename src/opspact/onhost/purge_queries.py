"""The queries and statements of a purge, as SQL: what a table is, what holds VACUUM back, the removal of rows.

In: names that are SQL already. Out: SQL. A part of programs.
"""

from __future__ import annotations

from typing import NamedTuple

from opspact.onhost.postgresql import literal

SCHEMA = "opspact_purge"
PLACE = '"place of the row"'  # the column of a stage that says where a row was; no column of theirs is called that
TRIES = 40  # of one batch, which waits longer each time


class Names(NamedTuple):
    """A table, the stage of its purge, and a column of it, as text: the first two are SQL."""

    table: str
    stage: str
    column: str


def table_query(names: Names) -> str:
    """Return the query for everything that has to be known of the table; no row where it does not exist."""
    attribute = "pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    plain = f"SELECT json_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM {attribute} AND a.attgenerated = ''"
    signature = (
        "SELECT json_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) "
        f"FROM {attribute}"
    )
    typed = f"SELECT format_type(a.atttypid, NULL) FROM {attribute} AND a.attname = {literal(names.column)}"
    cascades = (
        "SELECT json_agg(format('%s of %s', conname, conrelid::regclass)) FROM pg_constraint "
        "WHERE contype = 'f' AND confrelid = c.oid AND confdeltype IN ('c', 'n', 'd')"
    )
    triggers = (
        "SELECT json_agg(tgname ORDER BY tgname) FROM pg_trigger "
        "WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 8 <> 0"
    )
    stage = (
        "SELECT json_build_object('kind', s.relkind, 'is_ours', pg_get_userbyid(s.relowner) = current_user, "
        "'state', obj_description(s.oid, 'pg_class')) FROM pg_class s "
        f"WHERE s.oid = to_regclass({literal(names.stage)})"
    )
    schema = "SELECT pg_get_userbyid(nspowner) = current_user FROM pg_namespace WHERE nspname = "
    values = {
        "version": "current_setting('server_version_num')::int",
        "is_standby": "pg_is_in_recovery()",
        "kind": "c.relkind",
        "persistence": "c.relpersistence",
        "children": "EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid)",
        "columns": f"({plain})",
        "signature": f"({signature})",
        "type": f"({typed})",
        "key": f"({KEY})",
        "cascades": f"({cascades})",
        "triggers": f"({triggers})",
        "rules": "(SELECT json_agg(rulename) FROM pg_rewrite WHERE ev_class = c.oid AND ev_type = '4')",
        "place": "coalesce(nullif(pg_tablespace_location(c.reltablespace), ''), current_setting('data_directory'))",
        "bytes": "pg_table_size(c.oid)",
        "row_bytes": "CASE WHEN c.reltuples > 0 THEN pg_table_size(c.oid) / c.reltuples ELSE 1000 END",
        "schema_is_ours": f"({schema}{literal(SCHEMA)})",
        "stage": f"({stage})",
    }
    pairs = ", ".join(f"{literal(name)}, {value}" for name, value in values.items())
    return f"SELECT json_build_object({pairs}) FROM pg_class c WHERE c.oid = to_regclass({literal(names.table)})"


KEY = """\
SELECT json_agg(json_build_array(quote_ident(a.attname), format('OPERATOR(%I.%s)', n.nspname, o.oprname)) ORDER BY k.at)
FROM (
  SELECT i.* FROM pg_index i
  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL
    AND NOT EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attnotnull
        AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
  ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1
) i
CROSS JOIN LATERAL unnest((i.indkey::int2[])[0:i.indnkeyatts - 1], (i.indclass::oid[])[0:i.indnkeyatts - 1])
  WITH ORDINALITY AS k (attnum, opclass, at)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
JOIN pg_opclass p ON p.oid = k.opclass
JOIN pg_amop m ON m.amopfamily = p.opcfamily AND m.amopstrategy = 3
  AND m.amoplefttype = p.opcintype AND m.amoprighttype = p.opcintype
JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace"""
"""The key's columns, each with the operator by which its index finds a value; NULL: the table has no key."""


def holders_query(moment: str) -> str:
    """Given a time as SQL, return the query for what keeps VACUUM from removing rows that were deleted after it."""
    since = 'to_char({}, \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')'
    return f"""\
SELECT json_agg(said) FROM (
  SELECT format('session %s of %s%s has had a transaction open since %s', pid, coalesce(usename, backend_type),
    coalesce(' (' || nullif(application_name, '') || ')', ''), {since.format("xact_start")}) AS said
  FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
    AND (datname = current_database() OR datname IS NULL) AND xact_start < {moment} AND query !~ '^autovacuum: VACUUM'
  UNION ALL
  SELECT format('the prepared transaction %s has been open since %s', gid, {since.format("prepared")})
  FROM pg_prepared_xacts WHERE database = current_database() AND prepared < {moment}
  UNION ALL
  SELECT format('the replication slot %s, which nobody uses, keeps old rows', slot_name)
  FROM pg_replication_slots WHERE xmin IS NOT NULL AND NOT active
) found"""


def stage_query(names: Names, columns: list[str]) -> str:
    """Return the query for the rows of the table as a stage has them, without a condition."""
    return f"SELECT ctid AS {PLACE}, {', '.join(columns)} FROM ONLY {names.table}"


def equal_rows(columns: list[str]) -> str:
    """Return the condition that a row of the table is that of the stage."""
    theirs, ours = (", ".join(f"{side}.{name}" for name in columns) for side in ("t", "s"))
    row, other = f"ROW({theirs})::record", f"ROW({ours})::record"  # as records: else each column is compared alone
    return f"({row} *= {other} OR {row}::text = {other}::text)"


def removal_statement(names: Names, columns: list[str], *, key: list[tuple[str, str]], batch: int) -> str:
    """Return the statement that removes the rows of the stage from the table, a batch in each transaction.

    A row is looked for where it was, and those that are not there by key: an index takes four times as long as a
    place. A batch that meets a lock for too long, or a deadlock, is tried again a little later. The end is kept on the
    disk, and all batches with it.
    """
    part = "s.ctid > after AND s.ctid <= past"
    by_key = " AND ".join(f"t.{name} {operator} s.{name}" for name, operator in key)
    by_place = f"t.ctid = s.{PLACE} AND ({by_key}) IS TRUE"  # no index finds what IS TRUE
    removal = f"DELETE FROM ONLY {names.table} t USING {names.stage} s WHERE {part} AND {equal_rows(columns)}"
    return f"""\
DO $purge$
DECLARE
  state jsonb := obj_description({literal(names.stage)}::regclass, 'pg_class')::jsonb;
  after tid := state->>'after'; past tid;
  wanted bigint; removed bigint; others bigint; changed bigint; tries int := 0;
BEGIN
  LOOP
    SELECT max(b.at), count(*) INTO past, wanted
    FROM (SELECT s.ctid AS at FROM {names.stage} s WHERE s.ctid > after LIMIT {batch}) b;
    EXIT WHEN wanted = 0;
    others := 0; changed := 0;
    BEGIN
      {removal} AND {by_place};
      GET DIAGNOSTICS removed = ROW_COUNT;
      IF removed < wanted THEN
        {removal} AND {by_key};
        GET DIAGNOSTICS others = ROW_COUNT;
      END IF;
    EXCEPTION WHEN deadlock_detected OR lock_not_available THEN
      tries := tries + 1;
      IF tries > {TRIES} THEN RAISE; END IF;
      PERFORM pg_sleep(0.05 * tries);
      CONTINUE;
    END;
    tries := 0;
    IF removed + others < wanted THEN
      SELECT count(*) INTO changed FROM {names.stage} s JOIN ONLY {names.table} t ON {by_key} WHERE {part};
    END IF;
    after := past;
    state := state || jsonb_build_object('after', after::text,
      'deleted', (state->>'deleted')::bigint + removed + others, 'seen', (state->>'seen')::bigint + wanted,
      'changed', (state->>'changed')::bigint + changed, 'batches', (state->>'batches')::bigint + 1);
    EXECUTE format('COMMENT ON TABLE {names.stage} IS %L', state::text);
    COMMIT;
  END LOOP;
{END_OF_REMOVAL}  EXECUTE format('COMMENT ON TABLE {names.stage} IS %L', state::text);
END
$purge$"""


END_OF_REMOVAL = """\
  IF state->'seen' <> state->'rows' THEN
    RAISE 'the rows that were compared are gone: has the database crashed?';
  END IF;
  SET LOCAL synchronous_commit = on;
  state := state || jsonb_build_object('phase', 'deleted', 'deleted_at',
    to_char(clock_timestamp() + interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')); -- later than any of it
"""
