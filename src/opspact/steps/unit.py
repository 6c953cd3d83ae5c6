"""A systemd unit is enabled and running, and has read its files as they are now.

In: a unit's name and the files it reads. Out: a step.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from opspact.model import names
from opspact.model.origin import union
from opspact.steps.base import POSITION, CheckedHost, StartDelay, Step, Task, Template
from opspact.steps.configuration_test import configuration_test
from opspact.steps.question import ask
from opspact.steps.restart import (
    DAEMON_RELOAD,
    PROPERTIES,
    RELOAD,
    RESTART,
    SERVICE_PROPERTIES,
    UNREAD,
    reload_needed,
    remove_record,
    reset_failed,
    restart_after_change,
    words,
)
from opspact.steps.traits import FollowsSteps
from opspact.structs import Struct, replace
from opspact.values.secret import Secrets

_ENABLED = frozenset({"enabled", "enabled-runtime", "static", "alias", "indirect", "generated"})
_RUNNING = frozenset({"active", "reloading", "refreshing"})
_CHANGED = "opspact_definition.stdout_lines | default([])"
_ANY_CHANGED = "opspact_definition.results | map(attribute='stdout_lines', default=[]) | flatten"
_TIME_LIMIT, _RESULT = SERVICE_PROPERTIES
_END = "end"
_DEFAULT_START_LIMIT = 90.0
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"([0-9.]+)(ms|s|min|h|d)\b")


@dataclass(frozen=True, kw_only=True)
class Unit(Step, FollowsSteps):
    """The unit is (or is not) enabled and running.

    `watches` are files and links after whose change it is restarted, `reloads` those after whose change it is reloaded.
    `test` is a command for sh that must end with 0 before either; empty: the one that is known for such a unit, if any.
    """

    kind: ClassVar[str] = "unit"
    rank: ClassVar[int] = 80
    question: ClassVar[str] = (
        "is it enabled and running, or neither, as the policy says, and has it read its files since they changed?"
    )

    name: str
    enabled: bool = True
    running: bool = True
    watches: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()
    test: str = ""

    @property
    def subject(self) -> str:
        """The unit's full name."""
        return self.name

    @property
    def paths_read(self) -> tuple[str, ...]:
        """The paths of what it reads."""
        return tuple(dict.fromkeys((*self.watches, *self.reloads)))

    @property
    def follows(self) -> tuple[str, ...]:
        """The files and links that it reads."""
        return tuple(f"{kind} {path}" for path in self.paths_read for kind in ("file", "link", "secret-file"))

    def tasks(self) -> tuple[Task, ...]:
        """Start it, then restart or reload it when it has not read its files as they are; or stop it."""
        arguments: dict[str, object] = {
            "name": self.name,
            "enabled": self.enabled,
            "state": "started" if self.running else "stopped",
            "masked": False,
            "daemon_reload": True,
        }
        if not self.running:
            return (Task(f"Stop {self.name}", "ansible.builtin.systemd_service", arguments),)
        # Each daemon-reload reads all units of the host; with a dozen timers that is most of the time a run takes.
        arguments["daemon_reload"] = Template(f"{{{{ '{DAEMON_RELOAD}' in {_CHANGED} }}}}")
        once = Template(f"{{{{ {POSITION} == 0 and '{DAEMON_RELOAD}' in {_ANY_CHANGED} }}}}")
        start = Task(
            f"Start {self.name}", "ansible.builtin.systemd_service", arguments, in_loop={"daemon_reload": once}
        )
        test = self.test or configuration_test(self.name)
        read = restart_after_change(self.name, self.watches, self.reloads, test=test)
        return (self._definition_changed(), start, read)

    def _definition_changed(self) -> Task:
        defined_here = [path.rpartition("/")[2] for path in self.watches if path.startswith(names.UNIT_FOLDER)]
        script = Template(f"{reload_needed(dict.fromkeys([self.name, *defined_here]))}\n{reset_failed(self.name)}")
        return Task(
            f"Check whether systemd has read the definition of {self.name}",
            "ansible.builtin.shell",
            {"cmd": script, "executable": "/bin/sh"},
            {"register": "opspact_definition", "changed_when": False, "check_mode": False},
            in_loop={},
        )

    def removal(self) -> tuple[Task, ...]:
        """Stop and disable it; a unit that is gone already is fine."""
        arguments = {"name": self.name, "enabled": False, "state": "stopped"}
        gone = "opspact_stopped is failed and 'Could not find the requested service' not in opspact_stopped.msg"
        keywords = {"register": "opspact_stopped", "failed_when": gone}
        stop = Task(f"Stop {self.name}", "ansible.builtin.systemd_service", arguments, keywords)
        return (stop, remove_record(self.name))

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is wrong with its state or enablement, and which files it has not read."""
        seen = self._seen(host)
        state = seen.state
        if state["LoadState"] in {"not-found", "bad-setting", "error"}:
            if self.running or self.enabled:
                yield f"cannot be loaded ({state['LoadState']})"
            return
        if state["LoadState"] == "masked":
            yield "is masked"
        yield from self._activity(seen)
        if self.enabled is not (state["UnitFileState"] in _ENABLED):
            yield f"is {state['UnitFileState'] or 'not enabled'}, expected {'enabled' if self.enabled else 'disabled'}"
        if state["NeedDaemonReload"] == "yes":
            yield "systemd has not reloaded its changed unit file"

    def _activity(self, seen: "_Seen") -> Iterator[str]:
        active, how = seen.state["ActiveState"], seen.state["SubState"]
        if self.running is not (active in _RUNNING):
            also = f" ({how})" if active == "activating" and how == "auto-restart" else ""
            also = f" ({seen.state.get(_RESULT, '')})" if active == "failed" and seen.state.get(_RESULT) else also
            words = f"is {active}{also}, expected {'running' if self.running else 'stopped'}"
            starting = self.running and active == "activating" and not also
            yield StartDelay(words, seen.start_limit) if starting else words
        elif self.running:
            for how, paths in seen.unread.items():
                yield f"has not been {how}ed since {', '.join(paths)} changed"

    def present(self, host: CheckedHost) -> bool:
        """Whether it is running or enabled: what our removal would end."""
        state = self._seen(host).state
        return state["ActiveState"] in _RUNNING or state["UnitFileState"] == "enabled"

    def _seen(self, host: CheckedHost) -> "_Seen":
        """Return its properties, and the files that it has not read as they are now."""
        arguments = words(self.name, self.watches, self.reloads)
        outcome = ask(host, UNREAD, *arguments, failure=f"cannot ask systemd about {self.name}")
        *lines, end = outcome.stdout.splitlines() or [""]
        properties = [line for line in lines if "\t" not in line]
        state = dict(line.split("=", 1) for line in properties)
        if end != _END or not {*PROPERTIES} <= state.keys() <= {*PROPERTIES, *SERVICE_PROPERTIES}:
            raise ValueError(f"systemd does not report all properties of {self.name}: {outcome.stdout[:200]!r}")
        unread: dict[str, list[str]] = {}
        for how, _, path in (line.partition("\t") for line in lines if "\t" in line):
            if how not in {RESTART, RELOAD}:
                raise ValueError(f"unexpected answer about {self.name}: {how!r}")
            unread.setdefault(how, []).append(path)
        return _Seen(state, unread)

    def merged(self, other: Self) -> Self | None:
        """One unit that reads both policies' files, when both want it in the same state and no two tests differ."""
        if (self.enabled, self.running) != (other.enabled, other.running) or len({self.test, other.test} - {""}) > 1:
            return None
        return replace(
            self,
            watches=tuple(sorted({*self.watches, *other.watches})),
            reloads=tuple(sorted({*self.reloads, *other.reloads})),
            test=self.test or other.test,
            origins=union(self.origins, other.origins),
        )


class _Seen(Struct):
    """What systemd says of a unit, and the files that it has not read, by what that takes."""

    state: Mapping[str, str]
    unread: Mapping[str, Sequence[str]]

    @property
    def start_limit(self) -> float:
        """The seconds that it may take to start, as its own settings say; without a limit there, systemd's default."""
        return _seconds(self.state.get(_TIME_LIMIT, "")) or _DEFAULT_START_LIMIT


def _seconds(span: str) -> float:
    """Given a time span as systemd prints one (`1min 30s`), return its seconds; 0 for none, and for what is none."""
    found = _SPAN.findall(span)
    return sum(float(number) * _UNITS[unit] for number, unit in found)
