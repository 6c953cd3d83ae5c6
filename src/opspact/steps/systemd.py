"""systemd's units, as Ansible and as a host's shell speak of them. No other module names its programs.

In: names of units. Out: what `service_manager.ServiceManager` says, and the words for scripts that ask systemd.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from shlex import quote

from opspact.steps.base import POSITION, Task, Template
from opspact.steps.service_manager import UnitState

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "NeedDaemonReload",
    "InvocationID",
    "InactiveExitTimestamp",
)
"""What is asked of systemd of every unit."""

SERVICE_PROPERTIES = ("TimeoutStartUSec", "Result")
"""What is asked of it beside that, and not every kind of unit has."""

TIMER_PROPERTIES = ("Persistent", "LastTriggerUSec")
"""What only timers have."""

_ALL_PROPERTIES = (*PROPERTIES, *SERVICE_PROPERTIES, *TIMER_PROPERTIES)

SHOW = f"TZ=UTC0 LC_ALL=C systemctl show --timestamp=unix --property={','.join(_ALL_PROPERTIES)} --"
"""The shell that, followed by a unit, prints its properties: timestamps as `@` and seconds, other times in UTC."""

ACT = 'systemctl "$action" --'
"""The shell that, followed by a unit, restarts or reloads it, as `$action` says."""

STAMPS = "/var/lib/systemd/timers"
"""Where systemd keeps when each timer last elapsed, as the time of an empty file: what it goes by at a start."""

READ_STAMP = f"""\
read_stamp() {{
  stamp={STAMPS}/stamp-$unit stamped=
  if [ -e "$stamp" ]; then stamped=$(stat -L -c %Y -- "$stamp") || return 1; fi
  clock=$(date +%s)
}}
"""
"""Defines `read_stamp` for sh: of a timer `$unit`, sets `$stamped` (empty: no stamp) and `$clock`, in seconds."""

STAMP_PROPERTIES = ("Stamp", "Clock")
"""What is printed of a timer beside systemd's answer: what `read_stamp` set."""

PROGRAMS = 'systemctl show --property=FragmentPath,ExecStart,ExecStartPre -- "$unit"'

TIMER = ".timer"
"""How the names of timers end."""

NO_SUCH_UNIT = 5
"""The exit status of `start_command` for a unit that is not there."""

STILL_RUNNING = 75
"""The exit status of `start_at_once` for a unit that runs, and of `wait_for_end` for one that does not end."""

_START = "systemctl start --"
_MODULE = "ansible.builtin.systemd_service"
_DAEMON_RELOAD = "daemon-reload"
_CHANGED = "opspact_definition.stdout_lines | default([])"
_ANY_CHANGED = "opspact_definition.results | map(attribute='stdout_lines', default=[]) | flatten"
_ENABLED = frozenset({"enabled", "enabled-runtime", "static", "alias", "indirect", "generated"})
_RUNNING = frozenset({"active", "reloading", "refreshing"})
_NOT_LOADED = frozenset({"not-found", "bad-setting", "error"})
_TIME_LIMIT, _RESULT = SERVICE_PROPERTIES
_DEFAULT_START_LIMIT = 90.0
_CLOCK_STEP = 60
"""Seconds by which a stamp may be ahead: a clock that was set back a little catches up with it."""
_NEVER = frozenset({"", "n/a"})
_IN_UTC = re.compile(r"[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"([0-9.]+)(ms|s|min|h|d)\b")
_FRAGMENT = re.compile(r"^FragmentPath=(/.+)$", re.MULTILINE)
_PROGRAM = re.compile(r"\bpath=(/\S+) ;")


def start_command(unit: str) -> str:
    """Given a unit, return the shell that starts it and waits for that; it ends with NO_SUCH_UNIT without one."""
    return f"{_forget_starts(unit)}\n{_START} {quote(unit)}"


def state_command(unit: str) -> str:
    """Given a unit, return the command that prints its LoadState, ActiveState and UnitFileState, a line each."""
    return f"systemctl show --property=LoadState,ActiveState,UnitFileState -- {quote(unit)}"


def start_at_once(unit: str) -> str:
    """Given a service, return the shell that starts it as it is defined now, and does not wait for its end.

    It ends with NO_SUCH_UNIT without one, with STILL_RUNNING when it runs already: nothing is done then.
    """
    word = quote(unit)
    return (
        f"state={_property(word, 'ActiveState')} && stale={_property(word, 'NeedDaemonReload')} || exit 1\n"
        f"case $state in inactive|failed) ;; '') exit 1 ;; *) exit {STILL_RUNNING} ;; esac\n"
        f'[ "$stale" != yes ] || systemctl {_DAEMON_RELOAD} || exit 1\n'
        f"{_forget_starts(unit)}\n"
        f"systemctl start --no-block -- {word}"
    )


def _forget_starts(unit: str) -> str:
    """Return the shell that has systemd forget how often a unit was started: its limit is for it, not for a person."""
    return f"systemctl reset-failed -- {quote(unit)} 2>/dev/null || :"


def wait_for_end(unit: str, seconds: int) -> str:
    """Given a service, return the shell that waits so long for its end; with STILL_RUNNING it has not come to that."""
    return (
        f"n=0; while state={_property(quote(unit), 'ActiveState')} || exit 1\n"
        "case $state in inactive|failed) exit 0 ;; '') exit 1 ;; esac\n"
        f"[ $n -lt {seconds} ]; do n=$((n + 1)); sleep 1; done; exit {STILL_RUNNING}"
    )


def _property(unit: str, name: str) -> str:
    """Given a unit, as a word of the shell, return the shell whose value is one of its properties."""
    return f"$(systemctl show --property={name} --value -- {unit})"


def start(unit: str, *, enabled: bool, definitions: Iterable[str]) -> tuple[Task, ...]:
    """Given a unit and the names of units that are defined here, return the tasks that start it."""
    # Each daemon-reload reads all units of the host; with a dozen timers that is most of the time a run takes.
    arguments = _arguments(unit, enabled=enabled, state="started")
    arguments["daemon_reload"] = Template(f"{{{{ '{_DAEMON_RELOAD}' in {_CHANGED} }}}}")
    once = Template(f"{{{{ {POSITION} == 0 and '{_DAEMON_RELOAD}' in {_ANY_CHANGED} }}}}")
    parts = [_reload_needed(dict.fromkeys([unit, *definitions]))]
    if unit.endswith(TIMER):
        parts.insert(0, _wait_for_next(unit))
    script = Template("\n".join((*parts, _reset_failed(unit))))
    changed = Task(
        f"Check whether systemd has read the definition of {unit}",
        "ansible.builtin.shell",
        {"cmd": script, "executable": "/bin/sh"},
        {"register": "opspact_definition", "changed_when": False, "check_mode": False},
        in_loop={},
    )
    return (changed, Task(f"Start {unit}", _MODULE, arguments, in_loop={"daemon_reload": once}))


def stop(unit: str, *, enabled: bool) -> Task:
    """Given a unit that stays defined, return the task that stops it."""
    return Task(f"Stop {unit}", _MODULE, _arguments(unit, enabled=enabled, state="stopped"))


def remove(unit: str) -> Task:
    """Given a unit, return the task that stops and disables it; one that is gone already is fine."""
    arguments = {"name": unit, "enabled": False, "state": "stopped"}
    gone = "opspact_stopped is failed and 'Could not find the requested service' not in opspact_stopped.msg"
    return Task(f"Stop {unit}", _MODULE, arguments, {"register": "opspact_stopped", "failed_when": gone})


def reload_definitions() -> Task:
    """Return the task that has systemd forget units whose files are gone."""
    return Task("Reload systemd's units", _MODULE, {"daemon_reload": True})


def _arguments(unit: str, *, enabled: bool, state: str) -> dict[str, object]:
    return {"name": unit, "enabled": enabled, "state": state, "masked": False, "daemon_reload": True}


def _reload_needed(units: Iterable[str]) -> str:
    """Given units, return the shell that prints _DAEMON_RELOAD when a definition changed since systemd read it.

    Its exit status is not 0 when systemd does not answer.
    """
    listed = " ".join(map(quote, units))
    answer = f"answer=$(systemctl show --property=NeedDaemonReload --value -- {listed}) || exit 1"
    return f"{answer}\ncase $answer in *yes*) echo {_DAEMON_RELOAD} ;; esac"


def _wait_for_next(unit: str) -> str:
    """Given a timer, return the shell after which it elapses at its next time, and not at once for one in the past.

    systemd goes by the last time at which a timer elapsed: by its stamp at a start, by what it has in memory at a
    reload. An occurrence of the new schedule between then and now would start the job at once, so the stamp is set to
    now, and a timer that waits is restarted before anything is reloaded, as it was defined. One that systemd is about
    to start (the host boots) is left alone: what it missed is due. It changes nothing in a dry run.
    """
    # Source: timer_start and timer_enter_waiting of systemd's src/core/timer.c; systemd#16732.
    asked = ",".join(("ActiveState", "NeedDaemonReload", "Job", *TIMER_PROPERTIES))
    dry = '[ "{{ ansible_check_mode }}" = True ]'
    return f"""\
unit={quote(unit)} nl='
'
{READ_STAMP}\
property() {{ value=${{shown#*"$1="}}; [ "$value" != "$shown" ] || value=; value=${{value%%"$nl"*}}; }}
stamp_is_right() {{
  property Persistent
  [ "$value" = yes ] || return 0
  property LastTriggerUSec
  case $value in *" UTC") last=${{value#* }} ;; *) last= ;; esac
  [ -n "$stamped" ] && [ "$stamped" -le $((clock + {_CLOCK_STEP})) ] &&
    ! [ "$(TZ=UTC0 date -d "@$stamped" '+%Y-%m-%d %H:%M:%S UTC')" \\< "$last" ]
}}
wait_for_next() {{
  shown=$(TZ=UTC0 LC_ALL=C systemctl show --property={asked} -- "$unit") && read_stamp || return 1
  property Job
  job=$value
  property NeedDaemonReload
  case $value in yes) changed=1 ;; no) changed= ;; *) return 1 ;; esac
  property ActiveState
  if [ "$value" = active ]; then
    [ -n "$changed" ] || ! stamp_is_right || return 0
    touch -c -- "$stamp" && systemctl restart -- "$unit"
  elif [ -n "$changed" ] || [ "${{job:-0}}" = 0 ]; then
    touch -c -- "$stamp"
  fi
}}
{dry} || wait_for_next || exit 1"""


def _reset_failed(unit: str) -> str:
    """Given a unit, return the shell that has systemd forget that it failed, so that no limit of starts refuses one.

    It changes nothing in a dry run.
    """
    word = quote(unit)
    dry = '[ "{{ ansible_check_mode }}" = True ]'
    return f"{dry} || ! systemctl is-failed --quiet -- {word} || systemctl reset-failed -- {word}"


def _stamp_problem(unit: str, state: Mapping[str, str]) -> str:
    """Return what is wrong with the stamp of a timer that catches up on missed runs; empty: nothing.

    Raise ValueError when nobody knows.
    """
    if state.get("Persistent") != "yes":
        return ""
    stamp, clock = (state.get(name, "-") for name in STAMP_PROPERTIES)
    last = state.get("LastTriggerUSec", "-")  # in words, whatever form of timestamps is asked for
    written = _IN_UTC.fullmatch(last)
    if not (clock.isdecimal() and (stamp or "0").isdecimal() and (written or last in _NEVER)):
        raise ValueError(f"unexpected times of {unit}: last run {last!r}, stamp {stamp!r}, clock {clock!r}")
    if not stamp:
        return f"has no stamp {STAMPS}/stamp-{unit}: runs missed while the host is off are not caught up on"
    if int(stamp) > int(clock) + _CLOCK_STEP:
        return "its stamp lies in the future: runs missed while the host is off are not caught up on"
    if written and int(stamp) < datetime.fromisoformat(f"{written[1]}+00:00").timestamp():
        return "its stamp is older than its last run, which the next boot would repeat"
    return ""


def unit_state(unit: str, lines: Sequence[str]) -> UnitState:
    """Given a unit and the lines that `SHOW` printed, return its state. Raise ValueError when some are missing."""
    state = dict(line.partition("=")[::2] for line in lines)
    if not {*PROPERTIES} <= state.keys() <= {*_ALL_PROPERTIES, *STAMP_PROPERTIES}:
        raise ValueError(f"systemd does not report all properties of {unit}: {'; '.join(lines)[:200]!r}")
    active, detail = state["ActiveState"], _detail(state)
    return UnitState(
        problem=state["LoadState"] if state["LoadState"] in _NOT_LOADED else "",
        activity=f"{active} ({detail})" if detail else active,
        enablement=state["UnitFileState"],
        running=active in _RUNNING,
        starting=active == "activating" and not detail,
        start_limit=_seconds(state.get(_TIME_LIMIT, "")) or _DEFAULT_START_LIMIT,
        enabled=state["UnitFileState"] in _ENABLED,
        started_at_boot=state["UnitFileState"] == "enabled",
        masked=state["LoadState"] == "masked",
        definition_changed=state["NeedDaemonReload"] == "yes",
        stamp_problem=_stamp_problem(unit, state) if unit.endswith(TIMER) and active in _RUNNING else "",
    )


def _detail(state: Mapping[str, str]) -> str:
    """Return what a unit's activity does not say: that it failed for a reason, or waits for the next try."""
    match state["ActiveState"], state["SubState"]:
        case "activating", "auto-restart":
            return "auto-restart"
        case "failed", _:
            return state.get(_RESULT, "")
    return ""


def programs(printed: str) -> tuple[str, ...]:
    """Given what `PROGRAMS` printed of a unit, return the paths of its definition and of what it starts."""
    return (*_FRAGMENT.findall(printed), *_PROGRAM.findall(printed))


def _seconds(span: str) -> float:
    """Given a time span as systemd prints one (`1min 30s`), return its seconds; 0 for none, and for what is none."""
    found = _SPAN.findall(span)
    return sum(float(number) * _UNITS[unit] for number, unit in found)
