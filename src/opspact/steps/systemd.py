"""systemd's units, as Ansible and as a host's shell speak of them. No other module names its programs.

In: names of units. Out: what `service_manager.ServiceManager` says, and the words for scripts that ask systemd.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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

SHOW = f"LC_ALL=C systemctl show --timestamp=unix --property={','.join((*PROPERTIES, *SERVICE_PROPERTIES))} --"
"""The shell that, followed by a unit, prints its properties, times as `@` and seconds."""

ACT = 'systemctl "$action" --'
"""The shell that, followed by a unit, restarts or reloads it, as `$action` says."""

PROGRAMS = 'systemctl show --property=FragmentPath,ExecStart,ExecStartPre -- "$unit"'

NO_SUCH_UNIT = 5
"""The exit status of `start_command` for a unit that is not there."""

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
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"([0-9.]+)(ms|s|min|h|d)\b")
_FRAGMENT = re.compile(r"^FragmentPath=(/.+)$", re.MULTILINE)
_PROGRAM = re.compile(r"\bpath=(/\S+) ;")


def start_command(unit: str) -> str:
    """Given a unit, return the shell that starts it and waits for that; it ends with NO_SUCH_UNIT without one."""
    return f"{_START} {quote(unit)}"


def start(unit: str, *, enabled: bool, definitions: Iterable[str]) -> tuple[Task, ...]:
    """Given a unit and the names of units that are defined here, return the tasks that start it."""
    # Each daemon-reload reads all units of the host; with a dozen timers that is most of the time a run takes.
    arguments = _arguments(unit, enabled=enabled, state="started")
    arguments["daemon_reload"] = Template(f"{{{{ '{_DAEMON_RELOAD}' in {_CHANGED} }}}}")
    once = Template(f"{{{{ {POSITION} == 0 and '{_DAEMON_RELOAD}' in {_ANY_CHANGED} }}}}")
    script = Template(f"{_reload_needed(dict.fromkeys([unit, *definitions]))}\n{_reset_failed(unit)}")
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


def _reset_failed(unit: str) -> str:
    """Given a unit, return the shell that has systemd forget that it failed, so that no limit of starts refuses one.

    It changes nothing in a dry run.
    """
    word = quote(unit)
    dry = '[ "{{ ansible_check_mode }}" = True ]'
    return f"{dry} || ! systemctl is-failed --quiet -- {word} || systemctl reset-failed -- {word}"


def unit_state(unit: str, lines: Sequence[str]) -> UnitState:
    """Given a unit and the lines that `SHOW` printed, return its state. Raise ValueError when some are missing."""
    state = dict(line.partition("=")[::2] for line in lines)
    if not {*PROPERTIES} <= state.keys() <= {*PROPERTIES, *SERVICE_PROPERTIES}:
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
