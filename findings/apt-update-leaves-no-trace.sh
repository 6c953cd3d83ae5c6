#!/usr/bin/env bash
# `apt-get update` succeeds when no source answers, and leaves no trace when one answers that nothing is new.
#
# What:     apt 2.6.1 (Debian 12) with folders of its own and one flat repository, served by Python's http.server.
# Expected: without any answer the exit status is not 0; after a good update something under /var/lib/apt says when it
#           was, such as the time of `lists` (Ansible's `cache_valid_time` reads it).
# Seen:     with the server stopped: two warnings and exit status 0. After an update that was a "Hit" (304), the times
#           of `lists` and of `lists/partial` are those of the update before.
# So:       neither the exit status nor any time says that the lists are fresh; the times only say when a source last
#           gave something new. An inspection that reports "no updates" has to limit their age, and with
#           `cache_valid_time` a mirror that seldom changes is asked each time.
# Exit:     0 as described, 1 when that has changed, 2 when it could not be tried (no apt-get, no Python).
set -euo pipefail
command -v apt-get >/dev/null && command -v python3 >/dev/null || exit 2
place=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf -- "$place"' EXIT
mkdir -p "$place"/{repository,lists/partial,cache/archives/partial,state}
touch "$place/status"
cd "$place/repository"
printf 'Package: a\nVersion: 1\nArchitecture: all\nFilename: ./a.deb\nSize: 1\nSHA256: %064d\nDescription: a\n' 1 >Packages
printf 'Origin: a\nLabel: a\nSuite: a\nDate: Sun, 01 Nov 2026 00:00:00 UTC\nSHA256:\n %s %s Packages\n' \
    "$(sha256sum Packages | cut -c -64)" "$(stat -c %s Packages)" >Release
touch -d '2 hours ago' Packages Release
python3 -u -m http.server --bind 127.0.0.1 0 >"$place/served" 2>/dev/null &
server=$!
until port=$(grep -o 'port [0-9]*' "$place/served"); do sleep 0.1; done
echo "deb [trusted=yes] http://127.0.0.1:${port#port } ./" >"$place/sources.list"
options=(-o "Dir::State=$place/state" -o "Dir::State::lists=$place/lists" -o "Dir::State::status=$place/status"
    -o "Dir::Cache=$place/cache" -o "Dir::Etc::sourcelist=$place/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o APT::Sandbox::User= -o Acquire::http::Proxy=false -o Acquire::Retries=0)
times() { stat -c %y "$place/lists" "$place/lists/partial"; }

apt-get --version | sed -n 1p
apt-get "${options[@]}" update >/dev/null
first=$(times)
sleep 1.1
hits=$(apt-get "${options[@]}" update | grep -c ^Hit)
second=$(times)
kill $server
wait $server 2>/dev/null || true
status=0
apt-get "${options[@]}" update >/dev/null 2>"$place/warnings" || status=$?
printf 'hits: %s\ntimes changed: %s\nwithout a server: exit status %s, %s warnings\n' "$hits" \
    "$([ "$first" = "$second" ] && echo no || echo yes)" "$status" "$(grep -c ^W: "$place/warnings")"
[ "$hits" = 1 ] && [ "$first" = "$second" ] && [ "$status" = 0 ] || { echo 'this has changed' >&2; exit 1; }
