"""A systemd unit is enabled and running, and started after the last change of its files.

In: a unit's name and the files it reads. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import ClassVar, Self

from opspact.model import names
from opspact.model.origin import union
from opspact.steps.base import POSITION, CheckedHost, Step, Task, Template
from opspact.steps.restart import RELOAD, changed_since_start, reload_needed
from opspact.steps.traits import FollowsSteps
from opspact.structs import replace
from opspact.values.secret import Secrets

_ENABLED = frozenset({"enabled", "enabled-runtime", "static", "alias", "indirect", "generated"})
_STALE = "opspact_stale.stdout_lines | default([])"
_STALE_IN_LOOP = f"opspact_stale.results[{POSITION}].stdout_lines | default([])"
_ANY_STALE = "opspact_stale.results | map(attribute='stdout_lines', default=[]) | flatten"
_PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload")


def _restarted_if(changed: str) -> Template:
    """Given the expression of what a unit is older than, return the one of its wanted state."""
    return Template(f"{{{{ 'restarted' if {changed} | difference(['{RELOAD}']) else 'started' }}}}")


@dataclass(frozen=True, kw_only=True)
class Unit(Step, FollowsSteps):
    """The unit is (or is not) enabled and running. `watches`: files and links that it must have started after."""

    kind: ClassVar[str] = "unit"
    rank: ClassVar[int] = 80
    question: ClassVar[str] = (
        "is it enabled and running, or neither, as the policy says, and restarted since its files changed?"
    )

    name: str
    enabled: bool = True
    running: bool = True
    watches: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The unit's full name."""
        return self.name

    @property
    def follows(self) -> tuple[str, ...]:
        """The files and links that it reads."""
        return tuple(f"{kind} {path}" for path in self.watches for kind in ("file", "link", "secret-file"))

    def tasks(self) -> tuple[Task, ...]:
        """Start it, or restart it when its files changed since it started; or stop it."""
        state: object = "started" if self.running else "stopped"
        reload_manager: object = True
        before: tuple[Task, ...] = ()
        in_loop: dict[str, Template] | None = None
        if self.running and self.watches:
            before = (self._older_than_files(),)
            state = _restarted_if(_STALE)
            # Each reload reads all units of the host; with a dozen timers that is most of the time a run takes.
            reload_manager = Template(f"{{{{ '{RELOAD}' in {_STALE} }}}}")
            once = Template(f"{{{{ {POSITION} == 0 and '{RELOAD}' in {_ANY_STALE} }}}}")
            in_loop = {"state": _restarted_if(_STALE_IN_LOOP), "daemon_reload": once}
        arguments = {
            "name": self.name,
            "enabled": self.enabled,
            "state": state,
            "masked": False,
            "daemon_reload": reload_manager,
        }
        title = f"Start {self.name}" if self.running else f"Stop {self.name}"
        return (*before, Task(title, "ansible.builtin.systemd_service", arguments, in_loop=in_loop))

    def _older_than_files(self) -> Task:
        defined_here = [path.rpartition("/")[2] for path in self.watches if path.startswith(names.UNIT_FOLDER)]
        script = f"{changed_since_start(self.name, self.watches)}; {reload_needed([self.name, *defined_here])}"
        return Task(
            f"Check whether {self.name} is older than its files",
            "ansible.builtin.shell",
            {"cmd": script, "executable": "/bin/sh"},
            {"register": "opspact_stale", "changed_when": False, "failed_when": False, "check_mode": False},
            in_loop={},
        )

    def removal(self) -> tuple[Task, ...]:
        """Stop and disable it; a unit that is gone already is fine."""
        arguments = {"name": self.name, "enabled": False, "state": "stopped"}
        gone = "opspact_stopped is failed and 'Could not find the requested service' not in opspact_stopped.msg"
        keywords = {"register": "opspact_stopped", "failed_when": gone}
        return (Task(f"Stop {self.name}", "ansible.builtin.systemd_service", arguments, keywords),)

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is wrong with its state, enablement or age."""
        state, changed = self._seen(host)
        if state["LoadState"] in {"not-found", "bad-setting", "error"}:
            if self.running or self.enabled:
                yield f"cannot be loaded ({state['LoadState']})"
            return
        if state["LoadState"] == "masked":
            yield "is masked"
        active = state["ActiveState"]
        if self.running is not (active in {"active", "reloading"}):
            yield f"is {active}, expected {'running' if self.running else 'stopped'}"
        elif self.running and changed:
            yield f"has not been restarted since {', '.join(changed)} changed"
        if self.enabled is not (state["UnitFileState"] in _ENABLED):
            yield f"is {state['UnitFileState'] or 'not enabled'}, expected {'enabled' if self.enabled else 'disabled'}"
        if state["NeedDaemonReload"] == "yes":
            yield "systemd has not reloaded its changed unit file"

    def present(self, host: CheckedHost) -> bool:
        """Whether it is running or enabled: what our removal would end."""
        state, _ = self._seen(host)
        return state["ActiveState"] in {"active", "reloading"} or state["UnitFileState"] == "enabled"

    def _seen(self, host: CheckedHost) -> tuple[dict[str, str], list[str]]:
        """Return its properties, and the files that changed after it started."""
        show = f"systemctl show --property={','.join(_PROPERTIES)} -- {quote(self.name)}"
        changed = changed_since_start(self.name, self.watches) if self.watches else "true"
        outcome = host.run(f"{show} && {{ {changed}; }}")
        if outcome.rc != 0:
            raise ValueError(f"systemd does not answer: {outcome.stderr.strip() or f'exit status {outcome.rc}'}")
        lines = outcome.stdout.splitlines()
        properties, files = lines[: len(_PROPERTIES)], lines[len(_PROPERTIES) :]
        state = dict(line.split("=", 1) for line in properties)
        if state.keys() != set(_PROPERTIES):
            raise ValueError(f"systemd does not report all properties of {self.name}: {outcome.stdout[:200]!r}")
        return state, files

    def merged(self, other: Self) -> Self | None:
        """One unit that reads both policies' files, when both want it in the same state."""
        if (self.enabled, self.running) != (other.enabled, other.running):
            return None
        watches = tuple(sorted({*self.watches, *other.watches}))
        return replace(self, watches=watches, origins=union(self.origins, other.origins))
