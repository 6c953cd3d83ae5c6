#!/usr/bin/env bash
# What a restore of MariaDB complains of holds the rows that it could not restore.
#
# What:     `mariadb` 10.11 (Debian 12, from the lab's shelf), not on a terminal, restores the 1,000 rows of a dump into
#           a table that has them already.
# Expected: one line on the standard error, `ERROR 1062 … Duplicate entry`, as psql writes its error and one of context.
# Seen:     the whole statement with its 1,000 rows, then the ERROR line (`--skip-print-query-on-error` ends that).
# So:       a restore must not pass that on: in a journal, or in a mail of cron, it is the customer's data. Ours keeps
#           the line that begins with ERROR alone.
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
on() { chroot host env DEBIAN_FRONTEND=noninteractive LC_ALL=C TZ=UTC "$@"; }
on apt-get install -qq -y --no-install-recommends "mariadb-server=1:10.11.*" >/dev/null 2>&1 || exit 2
mkdir -p host/run/mysqld
on chown mysql /run/mysqld
on mariadbd --user=mysql --skip-networking >/dev/null 2>&1 &
ask() { on mariadb --skip-column-names --batch "$@"; }
until ask -e 'select 1' >/dev/null 2>&1; do sleep 0.2; done

ask -e 'select version(); create database shop; create table shop.person (name varchar(40) primary key)'
ask -e "insert into shop.person select concat('person number ', seq) from shop.seq_1_to_1000"
on mariadb-dump --compact --no-create-info shop >dump
status=0
ask shop <dump >/dev/null 2>said || status=$?
rows=$(grep -c 'person number' said)
echo "exit status $status; $rows rows on the standard error; then: $(grep '^ERROR' said | cut -c 1-60)…"
[ "$rows" -ge 1000 ] && [ "$status" = 1 ] || { echo 'this has changed' >&2; exit 1; }
