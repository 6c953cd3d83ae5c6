"""How many rows the tables of a PostgreSQL database have that a dump of it holds.

Comes in: nothing. Goes out: queries. A part of programs: all must count the same.
"""

from __future__ import annotations

OWN_TABLES = """
 from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
 and not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')"""
"""Tables that have rows of their own and belong to no extension."""

# ruff: noqa: S608 - the names are quoted by the server's own format()
COUNT_ROWS = f"""
select coalesce(json_object_agg(name, n), '{{}}') from (
 select format('%I.%I', n.nspname, c.relname) as name,
 (xpath('/row/n/text()', query_to_xml(
  format('select count(*) as n from only %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::bigint as n
 {OWN_TABLES}) as counted"""
"""Counts the rows of every one of them: {"schema.table": rows}."""

TIME_COLUMNS = (
    OWN_TABLES.replace(" where ", " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 where ", 1)
    + " and not a.attisdropped and a.atttypid in ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)"
)
NEWEST_RECORD = f"""
select coalesce(max(t), '') from (
 select (xpath('/row/t/text()', query_to_xml(
  format('select to_char(max(%1$I)::timestamptz at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS"Z"'') as t'
   ' from only %2$I.%3$I where %1$I <= %4$L', a.attname, n.nspname, c.relname, '%(until)s'),
  false, true, '')))[1]::text as t
 {TIME_COLUMNS}) as newest"""
"""Finds the newest time in any column of them that is not later than `%(until)s`, in UTC; empty: there is none."""
