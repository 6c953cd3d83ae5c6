"""What an Ansible run said: from the runner's raw events to progress, and from progress to an outcome per host.

Comes in: event dictionaries of ansible_runner (worker), lines of JSON (parent). Goes out: RunEvent, RunOutcome.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from opspact.fleet.module_errors import reason_of
from opspact.structs import Struct

HIDDEN = "hidden: the task handles a secret (no_log)"
LONGEST_MESSAGE = 2000  # characters of a host's message that are kept
SHORTEST_STARRED = 4  # characters of a secret that the last net looks for


class RunStatus(StrEnum):
    """How a whole run ended."""

    SUCCESSFUL = "successful"
    FAILED = "failed"  # Ansible ran to its end; at least one planned host is not ok
    CANCELED = "canceled"
    TIMEOUT = "timeout"
    BROKEN = "broken"  # Ansible did not run to its end: not started, crashed, killed


class HostState(StrEnum):
    """How one planned host came out of a run."""

    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    MISSING = "missing"  # no result: not in the inventory, no play, or the run ended before


class TaskStatus(StrEnum):
    """What happened to one task on one host. A changed no_log task says `ok`: its result is hidden, even that."""

    STARTED = "started"
    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


class RunEvent(Struct):
    """One task's progress on one host; `message` says why, for failed and unreachable.

    `items`: which items of a loop failed; empty: it is none, or hides them.
    """

    host: str
    task: str
    status: TaskStatus
    message: str = ""
    items: tuple[str, ...] = ()


class Stats(Struct):
    """Ansible's closing count: changed tasks per host, and which hosts were seen, failed, unreachable."""

    seen: tuple[str, ...]
    failed: tuple[str, ...]
    unreachable: tuple[str, ...]
    changed: Mapping[str, int]


class HostRun(Struct):
    """One planned host's result: `task`, `message` and `items` are the first failure's, `changed` counts tasks.

    `begun`: whether any task was seen at work there.
    """

    name: str
    state: HostState
    changed: int = 0
    task: str = ""
    message: str = ""
    begun: bool = False
    items: tuple[str, ...] = ()


class RunOutcome(Struct):
    """One run's result, every planned host in it.

    `detail` has Ansible's own last words, when it did not get through or did not reach a planned host. `notes` say
    what the operator should know besides (a fallback); `strategy` is the one that ran; `signal` is the number of the
    signal that asked for the end, 0 without one; `started` whether any host was touched.
    """

    status: RunStatus
    hosts: Mapping[str, HostRun]
    detail: str = ""
    notes: tuple[str, ...] = ()
    strategy: str = ""
    signal: int = 0
    started: bool = False

    @property
    def successful(self) -> bool:
        """Whether everything planned was done on every planned host."""
        return self.status is RunStatus.SUCCESSFUL


_STATUSES = {
    "runner_on_start": TaskStatus.STARTED,
    "runner_on_ok": TaskStatus.OK,
    "runner_on_failed": TaskStatus.FAILED,
    "runner_on_unreachable": TaskStatus.UNREACHABLE,
    "runner_on_skipped": TaskStatus.SKIPPED,
}


def translate(raw: Mapping[str, Any]) -> RunEvent | Stats | None:
    """Given one event of ansible_runner, return what it means, or None for those that say nothing about a host."""
    data = raw.get("event_data") or {}
    if raw.get("event") == "playbook_on_stats":
        return _stats(data)
    status = _STATUSES.get(str(raw.get("event")))
    if status is None or "host" not in data:
        return None
    result = data.get("res") or {}
    if status is TaskStatus.OK and result.get("changed"):
        status = TaskStatus.CHANGED
    if status is TaskStatus.FAILED and data.get("ignore_errors"):
        status = TaskStatus.OK
    message = message_of(result) if status in {TaskStatus.FAILED, TaskStatus.UNREACHABLE} else ""
    task = clean(str(data.get("task") or ""))
    items = _failed_items(result) if status is TaskStatus.FAILED else ()
    return RunEvent(host=str(data["host"]), task=task, status=status, message=message, items=items)


def _failed_items(result: Mapping[str, Any]) -> tuple[str, ...]:
    """Given the result of a failed loop, return what its failed items are called; empty when one hides that."""
    failed = [item for item in result.get("results") or () if isinstance(item, Mapping) and item.get("failed")]
    labels = [item.get("_ansible_item_label") for item in failed]
    return tuple(map(str, labels)) if all(isinstance(label, str) for label in labels) else ()


def from_worker(line: str) -> tuple[RunEvent | Stats | None, dict[str, str]]:
    """Given a line of the worker, return what it says about hosts (or None), and how the run ended (or nothing)."""
    said = json.loads(line)
    if "event" in said:
        event = said["event"]
        return RunEvent(**{**event, "status": TaskStatus(event["status"]), "items": tuple(event["items"])}), {}
    if "stats" in said:
        value = said["stats"]
        seen, failed, unreachable = (tuple(value[name]) for name in ("seen", "failed", "unreachable"))
        return Stats(seen=seen, failed=failed, unreachable=unreachable, changed=value["changed"]), {}
    return None, said["end"]


def _stats(data: Mapping[str, Any]) -> Stats:
    """Given the closing event's data, return it as sets and counts."""
    seen = {host for part in ("processed", "ok", "dark", "failures", "skipped") for host in data.get(part) or {}}
    return Stats(
        seen=tuple(sorted(map(str, seen))),
        failed=tuple(sorted(map(str, data.get("failures") or {}))),
        unreachable=tuple(sorted(map(str, data.get("dark") or {}))),
        changed={str(host): int(count) for host, count in (data.get("changed") or {}).items()},
    )


def message_of(result: Mapping[str, Any]) -> str:
    """Given a failed task's result, return why it failed (and in which item of a loop); `HIDDEN` for a no_log task."""
    if "censored" in result or result.get("_ansible_no_log"):
        return HIDDEN
    for item in result.get("results") or ():
        if isinstance(item, Mapping) and (item.get("failed") or item.get("unreachable")):
            label, why = item.get("_ansible_item_label"), message_of(item)
            return clean(f"{label}: {why}") if isinstance(label, str) and why != HIDDEN else why
    message, exception = str(result.get("msg") or ""), str(result.get("exception") or "")
    for stream in ("stderr", "module_stderr", "stdout", "module_stdout"):
        text = str(result.get(stream) or "").strip()
        if text:
            return clean(reason_of(f"{message.removesuffix('.')}: {text}" if message else text))
    return clean(reason_of(message, exception)) or "Ansible gave no reason"


def clean(text: str) -> str:
    """Given text from a host, return it without control and direction characters, at most `LONGEST_MESSAGE` long."""
    kept = "".join(character if _harmless(character) else " " for character in text.replace("\r\n", "\n")).strip()
    return kept if len(kept) <= LONGEST_MESSAGE else kept[: LONGEST_MESSAGE - 1] + "…"


def _harmless(character: str) -> bool:
    """Whether a character can neither steer a terminal nor turn the order of what is read."""
    return character == "\n" or (character.isprintable() and character not in "\u2028\u2029")


@dataclass
class EventCollector:
    """Collects a run's events and gives its outcome; `planned` are the hosts that must come out of it."""

    planned: tuple[str, ...]
    stats: Stats | None = None
    heard: bool = False
    begun: set[str] = field(default_factory=set)
    failures: dict[str, RunEvent] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)

    def add(self, seen: RunEvent | Stats) -> None:
        """Take in what the run said."""
        if isinstance(seen, Stats):
            self.stats = seen
            return
        self.heard = True
        self.begun.add(seen.host)
        if seen.status in {TaskStatus.FAILED, TaskStatus.UNREACHABLE}:
            self.failures[seen.host] = seen
        if seen.status is TaskStatus.CHANGED:
            self.changes[seen.host] = self.changes.get(seen.host, 0) + 1

    def hosts(self) -> dict[str, HostRun]:
        """Return every planned host's result, in the order planned."""
        return {name: self._host(name) for name in self.planned}

    def _host(self, name: str) -> HostRun:
        """Given a planned host, return its result by the closing stats, or by its failure when there are none."""
        state = self._state(name)
        failure = self.failures.get(name) if state is not HostState.OK else None
        changed = self.stats.changed.get(name, 0) if self.stats else self.changes.get(name, 0)
        return HostRun(
            name=name,
            state=state,
            changed=changed,
            task=failure.task if failure else "",
            message=failure.message if failure else "",
            begun=name in self.begun,
            items=failure.items if failure else (),
        )

    def _state(self, name: str) -> HostState:
        """Given a planned host, return its state; without the closing stats nothing counts as ok."""
        if self.stats is None:
            failure = self.failures.get(name)
            return HostState(failure.status.value) if failure else HostState.MISSING
        if name in self.stats.unreachable:
            return HostState.UNREACHABLE
        if name in self.stats.failed:
            return HostState.FAILED
        return HostState.OK if name in self.stats.seen else HostState.MISSING

    def status(self, said: str) -> RunStatus:
        """Given what the runner says about the run, return what is true: success needs exactly the planned hosts."""
        if said in {RunStatus.CANCELED, RunStatus.TIMEOUT}:
            return RunStatus(said)
        if self.stats is None:
            return RunStatus.BROKEN
        complete = set(self.stats.seen) == set(self.planned)
        spotless = all(host.state is HostState.OK for host in self.hosts().values())
        return RunStatus.SUCCESSFUL if said == RunStatus.SUCCESSFUL and complete and spotless else RunStatus.FAILED


def without(secrets: Iterable[str], text: str) -> str:
    """Given raw secrets and a text, return the text with each of them as stars: the last net, not the first.

    Secrets below `SHORTEST_STARRED` characters are left: they would turn ordinary words into stars.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST_STARRED:
            text = text.replace(secret, "********")
    return text
