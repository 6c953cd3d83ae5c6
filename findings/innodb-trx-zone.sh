#!/usr/bin/env bash
# When a transaction began is said in the zone of MariaDB's host, whatever the session's zone is.
#
# What:     MariaDB 10.11 (Debian 12, from the lab's shelf) with `--default-time-zone=+08:00` on a host in UTC, and a
#           transaction that is open for two seconds.
# Expected: `trx_started` of information_schema.innodb_trx is a time of the session's zone, as `now()` and as every
#           other time that a SELECT shows, so that their difference is the transaction's age.
# Seen:     the difference is 28,802 s. After `set time_zone = 'SYSTEM'` in the session that asks, it is 2 s.
# So:       a check of the longest transaction sets the session's zone first; without that it reports hours for every
#           transaction, or a negative age for all of them, wherever the server's zone is not the host's.
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
on mariadbd --user=mysql --skip-networking --default-time-zone=+08:00 >/dev/null 2>&1 &
ask() { on mariadb --skip-column-names --batch -e "$*"; }
until ask 'select 1' >/dev/null 2>&1; do sleep 0.2; done

ask 'select version(); create database held; create table held.t (a int primary key) engine=innodb'
ask 'begin; insert into held.t values (1); select sleep(30)' >/dev/null 2>&1 &
sleep 2
age='select timestampdiff(second, trx_started, now()) from information_schema.innodb_trx'
own=$(ask "$age")
of_host=$(ask "set time_zone = 'SYSTEM'; $age")
echo "age of the transaction: $own s; with the zone of the host: $of_host s"
[ "$own" -ge 28800 ] && [ "$of_host" -lt 60 ] || { echo 'this has changed' >&2; exit 1; }
