#!/usr/bin/env bash
# libfaketime with a true monotonic clock refuses to sleep on that clock.
#
# What:     libfaketime 0.9.10-2.1 (Debian 12's package, unpacked), 800 days ahead, FAKETIME_DONT_FAKE_MONOTONIC=1, and
#           Python 3.11, whose time.sleep waits until an instant of the monotonic clock (clock_nanosleep, TIMER_ABSTIME).
# Expected: only the wall clock is another one; what waits by the monotonic clock waits as ever.
# Seen:     the sleep is taken for one until a wall time. That lies years before the faked day, so the call ends with
#           EINVAL: time.sleep(0.2) raises OSError. A relative wait by select() in the same process is as ever.
# So:       no Python program that sleeps runs on another day with a true monotonic clock; whoever needs both has to
#           ask the kernel past libfaketime for sleeps on that clock.
# Exit:     0 as described, 1 when that has changed, 2 when it could not be tried (no apt-get, not Debian 12, no network).
set -euo pipefail
version=0.9.10-2.1
place=$(mktemp -d)
trap 'rm -rf -- "$place"' EXIT
cd "$place"
apt-get -qq download "libfaketime=$version" >/dev/null 2>&1 || exit 2
dpkg-deb -x libfaketime_*.deb root
library=$(find "$place/root" -name libfaketimeMT.so.1)
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || exit 2

program='
import select, time
print(time.localtime().tm_year)
select.select([], [], [], 0.2)
print("select: ok")
try:
    time.sleep(0.2)
    print("sleep: ok")
except OSError as error:
    print("sleep:", error)
'
on_another_day() { FAKETIME=+800d LD_PRELOAD=$library "$@" "$python" -c "$program"; }

said=$(on_another_day env FAKETIME_DONT_FAKE_MONOTONIC=1)
printf 'libfaketime %s, %s\n%s\n' "$version" "$("$python" --version)" "$said"
year=$(date --date '+800 days' +%Y)
[ "$said" = "$year
select: ok
sleep: [Errno 22] Invalid argument" ] || { echo 'this has changed' >&2; exit 1; }
