"""Whether a restore test that went well proves what it says: that it compared what the host recorded of its copy.

Comes in: what is recorded, what a restore test says of a host. Goes out: why it proves nothing, if so.

The backup server says itself which files it compared, and with which manifest. Of both, this ledger knows more: the
digest of the manifest is in the result of the backup, and the seed of a sample is one of its own events, newer than
the copy.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from opspact.errors import Refused
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.event import Head
from opspact.model.job import BACKUP
from opspact.model.names import job_subject
from opspact.model.result import Item

_CLOCKS_DIFFER = timedelta(days=2)
"""How far a host's clock may be off: a limit of what is read."""

_Facts = Mapping[str, object]


class RestoreProof:
    """Judges restore tests. Every look-up is made once, when it is asked for first."""

    def __init__(self, recorded: RecordedEvents) -> None:
        self._recorded = recorded
        self._manifests: dict[tuple[str, str, str], _Facts | None] = {}

    def find_problem(self, item: Item, backup: str, host: str) -> str:
        """Given what a restore test of a backup says of a host, return why that proves nothing; empty: it does."""
        archive, compared = _mapping(item.facts.get("archive")), item.facts.get("compared")
        name = str(archive.get("name", ""))
        made = self._manifest(backup, host, name=name, started=_instant(archive.get("started")))
        if made is None:
            return (
                f"the result of the backup that made {name} is not recorded, so {name} was compared with nothing known"
            )
        if not isinstance(made.get("sha256"), str) or not compared or not isinstance(compared, int):
            return f"no file of {name} was compared with what was backed up"
        if _mapping(item.facts.get("manifest")).get("sha256") != made["sha256"]:
            return f"{name} was compared with another manifest than the one that {host} recorded when it made it"
        return "" if compared == made.get("files") else self._problem_of_seed(str(item.facts.get("seed")), made)

    def _problem_of_seed(self, seed: str, made: _Facts) -> str:
        """Return why a sample that a seed has drawn may have been chosen by somebody."""
        try:
            head = Head.parse(seed)
        except Refused:
            return "the sample of files was drawn by nothing that this ledger knows"
        event = self._recorded.sealed(head.sequence)
        if event is None or event.hash != head.hash:
            return f"the sample of files was drawn by {head.sequence}, which is no event of this ledger"
        since = _instant(made.get("made"))
        if since is None or event.at <= since:
            return f"the sample of files was drawn by event {head.sequence}, which was known when the copy was made"
        return ""

    def _manifest(self, backup: str, host: str, *, name: str, started: datetime | None) -> _Facts | None:
        """Return what a host recorded of the manifest of a copy; None: nothing is recorded of that copy."""
        key = (backup, host, name)
        if key not in self._manifests:
            self._manifests[key] = self._find(backup, host, name=name, started=started)
        return self._manifests[key]

    def _find(self, backup: str, host: str, *, name: str, started: datetime | None) -> _Facts | None:
        if not name or started is None:
            return None
        subject = job_subject(f"{BACKUP.name}/{backup}", host)
        for taken in self._recorded.of_job_since(subject, started - _CLOCKS_DIFFER):
            result = taken.event.result
            if _mapping(result.facts.get("archive")).get("name") == name:
                return _mapping(result.facts.get("manifest"))
            if result.started and result.started > started + _CLOCKS_DIFFER:
                return None
        return None


def _mapping(value: object) -> _Facts:
    return value if isinstance(value, Mapping) else {}


def _instant(text: object) -> datetime | None:
    """Return an instant as on-host programs write it; None for anything else."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
