#!/usr/bin/env bash
# PostgreSQL's own extension pg_freespacemap fails under the search path that is recommended for privileged sessions.
#
# What:     PostgreSQL 15 (Debian 12, on the lab's base image), a server of its own, the extension pg_freespacemap in
#           schema `maps`, and a session with `search_path = pg_catalog`: nothing is found that an owner of tables may
#           have defined.
# Expected: `maps.pg_freespace('t'::regclass)`, called with its schema, lists the free space of each page.
# Seen:     ERROR: function pg_freespace(regclass, bigint) does not exist. The function is an SQL function whose body
#           calls the other one of that name without its schema, so it works only where that is in the search path.
# So:       a program that asks as superuser calls `maps.pg_freespace(table, page)`, which is in C, for each page.
# Exit:     0 as described, 1 when that has changed, 2 when it could not be tried (no root, no lab image).
set -euo pipefail
if [ "${1-}" != inside ]; then
  [ "$(id -u)" = 0 ] || exit 2
  base=$("$(dirname "$(readlink -f "$0")")/../ci/lab" base --release bookworm) || exit 2
  place=$(mktemp -d)
  trap 'rmdir -- "$place"' EXIT
  unshare --mount --pid --fork --kill-child "$0" inside "$place" "$base"
  exit
fi

mount -t tmpfs tmpfs "$2"
cd "$2"
mkdir upper work host
mount -t overlay overlay -o "lowerdir=$3,upperdir=upper,workdir=work" host
mount --bind /dev host/dev
mount -t proc proc host/proc
printf '#!/bin/sh\nexit 101\n' >host/usr/sbin/policy-rc.d
chmod +x host/usr/sbin/policy-rc.d
on() { chroot host env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
on apt-get install -qq -y --no-install-recommends "postgresql-15=15.*" >/dev/null 2>&1 || exit 2
server() { on runuser -u postgres -- /usr/lib/postgresql/15/bin/"$@"; }
server initdb -D /var/lib/postgresql/finding -U admin -A trust --no-sync >/dev/null
options='-k /tmp -c listen_addresses= -c fsync=off'
server pg_ctl -D /var/lib/postgresql/finding -w -l /tmp/log -o "$options" start >/dev/null
ask() { server psql -h /tmp -U admin -d postgres -XAtq -c 'SET search_path = pg_catalog' -c "$1" 2>&1 || true; }

ask 'SHOW server_version'
ask 'CREATE SCHEMA maps; CREATE EXTENSION pg_freespacemap SCHEMA maps; CREATE TABLE public.t AS SELECT 1 AS n'
whole=$(ask "SELECT count(*) FROM maps.pg_freespace('public.t'::regclass)" | head -n 1)
page=$(ask "SELECT maps.pg_freespace('public.t'::regclass, 0) IS NOT NULL")
printf 'all pages: %s\none page: %s\n' "$whole" "$page"
expected='ERROR:  function pg_freespace(regclass, bigint) does not exist'
[ "$whole" = "$expected" ] && [ "$page" = t ] || { echo 'this has changed' >&2; exit 1; }
