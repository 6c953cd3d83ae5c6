"""Restarts and reloads that follow from state, not from «changed»: a unit has read its files as they are now.

In: unit names, paths, commands that test a configuration. Out: tasks, and the shell that prints which files a unit has
not read yet. Why: Ansible loses handlers after a failed task (ansible#9323); docs/decisions/0003, 0017.
"""

from collections.abc import Iterable
from shlex import quote

from opspact.model import names
from opspact.steps.base import Task, Template
from opspact.steps.configuration_test import configuration_test
from opspact.steps.put_back import PUT_BACK
from opspact.steps.question import DIGEST
from opspact.steps.systemd import ACT, READ_STAMP, SHOW, STAMP_PROPERTIES, TIMER

RESTART, RELOAD = "restart", "reload"
"""What a unit needs after a change of a file: the first words of the lines that `UNREAD` prints."""

_TIME_LIMIT = 60  # seconds for a test of a configuration
_LAST_RESORT = 5  # seconds between asking a test to end and ending it
_SHOWN = 5  # lines of what a test says

# The record: the start to which it belongs and the test; then, for each file, what is needed after its change, a digest
# of what the unit read, the time of change and inode of that, and the path. Paths hold neither tabs nor ends of lines.
_INSPECT = f"""\
{DIGEST}tab=$(printf '\\t') nl='
'
property() {{ value=${{shown##*"$1="}}; value=${{value%%"$nl"*}}; }}
line_of() {{ case $1 in *"$tab$2$nl"*) line=${{1%%"$tab$2$nl"*}}; line=${{line##*"$nl"}} ;; *) return 1 ;; esac; }}
token() {{
  token=absent
  if [ -h "$1" ]; then
    token=$(readlink -- "$1") && token=$(printf %s "$token" | sha256sum) || return 1
  elif [ -f "$1" ]; then token=$(digest "$1") || return 1
  elif [ -e "$1" ]; then token=other
  fi
  token=${{token%% *}}
  [ -n "$token" ]
}}
show() {{ shown=$({SHOW} "$unit"); }}
changes() {{
  for wish do
    path=${{wish#*:}}
    if [ -e "$path" ] || [ -h "$path" ]; then set -- "$@" "$path"; fi
    shift
  done
  [ $# = 0 ] || TZ=UTC0 LC_ALL=C stat -c "%Z$tab%z %i$tab%n" -- "$@"
}}
inspect() {{
  noted= known= unread= outdated=
  show || return 1
  property ActiveState
  case $value in active | reloading | refreshing) ;; *) return 0 ;; esac
  if [ -e "$note" ]; then noted=$(cat -- "$note") || return 1; fi
  first=${{noted%%"$nl"*}}
  noted=${{noted#"$first"}}$nl
  known=$noted
  property InvocationID
  [ "${{first%%"$tab"*}}" = "$value" ] || noted=
  property InactiveExitTimestamp
  since=${{value#@}} here=$(changes "$@")$nl || return 1
  for wish do
    path=${{wish#*:}} changed=absent at=0
    if line_of "$here" "$path"; then at=${{line%%"$tab"*}} changed=${{line#*"$tab"}}; fi
    case $at/$since in *[!0-9/]* | /* | */) echo "unexpected times: $at, $since" >&2; return 1 ;; esac
    if line_of "$noted" "$path"; then
      [ "${{line##*"$tab"}}" != "$changed" ] || continue
      outdated=1 was=${{line#*"$tab"}}
      token "$path" || return 1
      [ "${{was%%"$tab"*}}" != "$token" ] || continue
    else
      outdated=1
      [ "$at" -gt "$since" ] || continue
    fi
    unread=$unread${{wish%%:*}}$tab$path$nl
  done
  rest=$noted
  while [ -n "$rest" ]; do
    line=${{rest%%"$nl"*}} rest=${{rest#*"$nl"}}
    path=${{line##*"$tab"}}
    if [ -z "$path" ] || [ -e "$path" ] || [ -h "$path" ] || line_of "$unread" "$path"; then continue; fi
    case $line in *"${{tab}}absent$tab"*) ;; *) unread=$unread${{line%%"$tab"*}}$tab$path$nl ;; esac
  done
}}
"""

_STAMP, _CLOCK = STAMP_PROPERTIES

UNREAD = f"""\
{_INSPECT}{READ_STAMP}unit=$1 note=$2
shift 2
inspect "$@" || exit 1
printf '%s\\n' "$shown"
case $unit in *{TIMER})
  read_stamp || exit 1
  printf '{_STAMP}=%s\\n{_CLOCK}=%s\\n' "$stamped" "$clock" ;;
esac
printf '%send\\n' "$unread"
"""
"""Prints a unit's properties and a timer's stamp, then `restart` or `reload`, a tab and a path for each file that it
has not read as it is now, then `end`. Arguments: see `words`."""

SCRIPT = f"""\
{_INSPECT}{PUT_BACK}PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin IFS=$nl
set -f
remember() {{
  lines=
  for wish do
    path=${{wish#*:}} changed=absent
    if line_of "$here" "$path"; then changed=${{line#*"$tab"}}; fi
    token "$path" || return 1
    lines=$lines${{wish%%:*}}$tab$token$tab$changed$tab$path$nl
  done
  rest=$noted
  while [ -n "$rest" ]; do
    line=${{rest%%"$nl"*}} rest=${{rest#*"$nl"}}
    path=${{line##*"$tab"}}
    if [ -z "$path" ] || line_of "$lines" "$path"; then continue; fi
    case $action/$line in
      restart/* | reload/reload*)
        token "$path" || return 1
        [ "$token" != absent ] || continue
        line=${{line%%"$tab"*}}$tab$token$tab-$tab$path ;;
    esac
    lines=$lines$line$nl
  done
}}
run_test() {{
  said=$(timeout -k {_LAST_RESORT} {_TIME_LIMIT} /bin/sh -c "$test" </dev/null 2>&1)
  ended=$?
  return "$ended"
}}
try() {{
  [ -n "$test" ] || return 0
  run_test && return
  echo "$unit was not ${{action}}ed and keeps the configuration that it has: \\`$test\\` failed" >&2
  case $ended in 124 | 125 | 137) echo "it did not end within {_TIME_LIMIT} s" >&2 ;; esac
  printf '%s\\n' "$said" | tail -n {_SHOWN} >&2
  case $ended in 12[4-7] | 137) return 1 ;; esac  # the test itself could not be done: the files may be right
  put_back && action= here=$(changes "$@")$nl && remember "$@" && record
  return 1
}}
record() {{
  property InvocationID
  [ -n "$value" ] || return 0
  umask 077
  mkdir -p -- "${{note%/*}}" && keep || return 1
  printf '%s\\n%s' "$value$tab$test" "$lines" >"$note.new" && mv -f -- "$note.new" "$note"
}}
act() {{
  unit=$1 note=$2 test=$3 action=$4
  shift 4
  inspect "$@" || return 1
  property ActiveState
  case $value in active | reloading | refreshing) ;; *) return 0 ;; esac
  if [ -n "$action" ]; then
    case $first in *"$tab"?*) test=${{first#*"$tab"}} ;; esac
    [ -z "$noted" ] || action=  # what it has read since it was started is known
  fi
  if [ -z "$action" ]; then
    case $nl$unread in
      *"${{nl}}restart$tab"*) action=restart ;;
      *"${{nl}}reload$tab"*) action=reload ;;
      *) [ -n "$outdated" ] || return 0 ;;
    esac
  fi
  remember "$@" || return 1
  if [ -n "$action" ]; then
    try "$@" && {ACT} "$unit" || return 1
    echo changed
    show || return 1
  fi
  record
}}
act "$@" </dev/null
exit
"""
"""Has a unit read its files where it has not, and says `changed` when it did. Arguments: the unit, the
record, the test, what to do where there is no record or nothing, then as for `UNREAD`."""

SCRIPT_FILE = "restart_after_change.sh"
"""The name of `SCRIPT` in a project's `files/`."""


def words(unit: str, restarts: Iterable[str], reloads: Iterable[str]) -> tuple[str, ...]:
    """Given a unit and the files after whose change it must restart or reload, return the arguments of `UNREAD`."""
    wishes = (*(f"{RESTART}:{path}" for path in restarts), *(f"{RELOAD}:{path}" for path in reloads))
    return (unit, names.unit_record(unit), *wishes)


def restart_after_change(unit: str, restarts: Iterable[str], reloads: Iterable[str], *, test: str) -> Task:
    """Given a unit, its files and the command that tests its configuration, return the task that has it read them.

    It does nothing when the unit is stopped, or has read them. When the test fails it fails, and the unit runs on.
    """
    name, note, *wishes = words(unit, restarts, reloads)
    return _task(f"Restart or reload {unit} if its files changed", (name, note, test, "", *wishes))


def after_removal(path: str, restarts: Iterable[str], reloads: Iterable[str]) -> tuple[Task, ...]:
    """Given a path that is gone and the units that read it, return the tasks that restart or reload those that run.

    One that has read, since it was started, that the path is gone is left alone.
    """
    return (*(_without(path, unit, RESTART) for unit in restarts), *(_without(path, unit, RELOAD) for unit in reloads))


def remove_record(unit: str) -> Task:
    """Given a unit that is no longer managed, return the task that removes what is known of what it has read."""
    record = names.unit_record(unit)
    paths = " ".join(quote(f"{record}{also}") for also in ("", ".read", ".refused"))
    arguments = {"cmd": f"rm -rf -- {paths}", "executable": "/bin/sh"}
    return Task(f"Forget what {unit} has read", "ansible.builtin.shell", arguments, {"changed_when": True})


def _without(path: str, unit: str, how: str) -> Task:
    arguments = (unit, names.unit_record(unit), configuration_test(unit), how)
    return _task(f"{how.capitalize()} {unit} without {path}", arguments)


_STDIN = Template("{{ lookup('ansible.builtin.file', '" + SCRIPT_FILE + "') }}")


def _task(name: str, arguments: Iterable[str]) -> Task:
    return Task(
        name,
        "ansible.builtin.command",
        {"argv": ["/bin/sh", "-s", "--", *arguments], "stdin": _STDIN, "stdin_add_newline": False},
        {"register": "opspact_read", "changed_when": "'changed' in opspact_read.stdout | default('')"},
        in_loop={},
    )
