#!/usr/bin/env bash
# PostgreSQL's own extension pg_freespacemap fails under the search path that is recommended for privileged sessions.
#
# What:     PostgreSQL 15.18 (Debian 12), a server of its own, the extension pg_freespacemap in schema `maps`, and a
#           session with `search_path = pg_catalog`: nothing is found that an owner of tables may have defined.
# Expected: `maps.pg_freespace('t'::regclass)`, called with its schema, lists the free space of each page.
# Seen:     ERROR: function pg_freespace(regclass, bigint) does not exist. The function is an SQL function whose body
#           calls the other one of that name without its schema, so it works only where that is in the search path.
# So:       a program that asks as superuser calls `maps.pg_freespace(table, page)`, which is in C, for each page.
# Exit:     0 as described, 1 when that has changed, 2 when it could not be tried (no PostgreSQL, no extension).
set -euo pipefail
programs=$(find /usr/lib/postgresql -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1)
[ -n "$programs" ] || exit 2
release=$(basename "$(dirname "$programs")")
[ -e "/usr/share/postgresql/$release/extension/pg_freespacemap.control" ] || exit 2
place=$(mktemp -d)
as=()
[ "$(id -u)" != 0 ] || { as=(setpriv --reuid=nobody --regid=nogroup --clear-groups); chown nobody: "$place"; }
cd "$place"
trap '"${as[@]}" "$programs/pg_ctl" -D "$place/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf -- "$place"' EXIT
"${as[@]}" "$programs/initdb" -D "$place/data" -U admin -A trust --no-sync >/dev/null
options="-k $place -c listen_addresses= -c fsync=off"
"${as[@]}" "$programs/pg_ctl" -D "$place/data" -w -l "$place/log" -o "$options" start >/dev/null
psql=("$programs/psql" -h "$place" -U admin -d postgres -XAtq -c 'SET search_path = pg_catalog')
ask() { "${psql[@]}" -c "$1" 2>&1 || true; }

"$programs/psql" --version
ask 'CREATE SCHEMA maps; CREATE EXTENSION pg_freespacemap SCHEMA maps; CREATE TABLE public.t AS SELECT 1 AS n'
whole=$(ask "SELECT count(*) FROM maps.pg_freespace('public.t'::regclass)" | head -n 1)
page=$(ask "SELECT maps.pg_freespace('public.t'::regclass, 0) IS NOT NULL")
printf 'all pages: %s\none page: %s\n' "$whole" "$page"
expected='ERROR:  function pg_freespace(regclass, bigint) does not exist'
[ "$whole" = "$expected" ] && [ "$page" = t ] || { echo 'this has changed' >&2; exit 1; }
