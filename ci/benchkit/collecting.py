"""Collecting from hosts: nothing new, with an empty ledger and with one that is full of their results; and new results.

In: a bed. Out: two contracts to collect for, and measured runs.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchkit import history
from benchkit.bed import Bed
from benchkit.timing import BenchError, Run
from opspact.ledger.context import Context
from opspact.workspace.workspace import Workspace

JOBS = ("inspection/morning", "inspection/evening")
POLICIES = "---\n".join(
    f"kind: inspection\nname: {job.partition('/')[2]}\nclauses: [C1]\nhosts: all\n"
    "schedule: monthly on day 1 at 03:00\nitems: [{memory: {warn: 99%, critical: 99.9%}}]\n"
    for job in JOBS
)
_SPOOLS = "/var/lib/opspact/spool"
_KEPT = 400  # results of a job that a host keeps
NEW = 10
"""New results of each host, of all its jobs together."""

_EACH = NEW // len(JOBS)


@dataclass(frozen=True, slots=True)
class Collector:
    """A contract's folder and its ledger of `count` results, for a bed whose hosts have spools or have none."""

    bed: Bed
    folder: Path
    count: int

    def collect(self) -> Run:
        """Measure `opspact inspect collect`. Raise BenchError unless every host answers and has nothing new."""
        _on_every_host(self.bed, with_spools() if self.count else without_spools())
        return nothing_new(self.bed.ours("inspect", "collect", "--format", "json", folder=self.folder).run())


@dataclass
class NewResults:
    """New results on all hosts of a collector whose ledger is full: `through` is the number of their last one."""

    collector: Collector
    results: Mapping[tuple[str, str], Mapping[str, object]]  # of each job on each host, as its program wrote it
    through: int

    def collect(self) -> Run:
        """Have new results on every host, and measure `opspact inspect collect`, with connections of its own.

        Raise BenchError unless all are recorded.
        """
        bed, before = self.collector.bed, self.through
        self.through += _EACH
        _each_host(bed, {name: self._new_results(name, before) for name in bed.lab.hosts})
        words = ("--close-connections", "inspect", "collect", "--format", "json")
        return only_new(bed.ours(*words, folder=self.collector.folder).run(), NEW * bed.count)

    def floor(self) -> Run:
        """Measure one bare session a host that reads the files of as many results."""
        numbers = range(self.through - _EACH + 1, self.through + 1)
        files = [f"{_SPOOLS}/{job}/{number:010d}-{history.SPOOL}.json" for job in JOBS for number in numbers]
        return self.collector.bed.floor([f"cat {' '.join(files)}"])

    def _new_results(self, host: str, before: int) -> str:
        lines = ["set -e"]
        for job in JOBS:
            lines.append(f"cd {_SPOOLS}/{job}")
            for number in range(before + 1, self.through + 1):
                result = json.dumps({**self.results[job, host], "spool": history.SPOOL, "sequence": number}, indent=1)
                lines.append(f"cat >{number:010d}-{history.SPOOL}.json <<'END'\n{result}\nEND")
            state = f"state-{history.SPOOL}"
            lines.append(f"mv {state}-{before:010d}-0 {state}-{self.through:010d}-0")
        return "\n".join(lines)


def written_results(bed: Bed) -> dict[tuple[str, str], Mapping[str, object]]:
    """Given a bed with jobs, run each once; return what they left, by job and host."""
    found = {}
    for job in JOBS:
        unit = f"opspact-{job.replace('/', '-')}.service"
        said = _on_every_host(bed, f"systemctl start {unit}; cat {_SPOOLS}/{job}/*.json")
        found.update({(job, host): json.loads(text) for host, text in said.items()})
    return found


def prepare(bed: Bed, count: int) -> tuple[Collector, Collector, NewResults]:
    """Given a bed, have jobs on its hosts; return who collects with an empty ledger, and with at least `count` results.

    The third has new results too.

    Both have collected before, so that what is recorded once, how hosts answer, is recorded.
    """
    (bed.contract / "policies" / "jobs.yaml").write_text(POLICIES)
    bed.apply()
    places = [(job, host) for host in bed.lab.hosts for job in JOBS]
    turns = -(-count // len(places))
    results = written_results(bed)
    _on_every_host(bed, f"rm -r {_SPOOLS}/inspection")
    _on_every_host(bed, spools(turns))
    empty = Collector(bed, _copied(bed, "empty"), 0)
    full = Collector(bed, _copied(bed, "full"), turns * len(places))
    write_ledger(full.folder, places, full.count)
    for each in (empty, full):
        each.collect()
    return empty, full, NewResults(full, results, turns)


def _copied(bed: Bed, name: str) -> Path:
    folder = bed.contract.with_name(f"collect-{name}")
    return Path(shutil.copytree(bed.contract, folder, ignore=shutil.ignore_patterns(".opspact")))


def write_ledger(folder: Path, places: Sequence[tuple[str, str]], count: int) -> None:
    """Given a contract's folder, jobs with their hosts and a count, give it a ledger of so many results."""
    now = datetime.now(UTC)
    name = Workspace(folder, now).compiled().contract.name
    history.record(folder, history.results(places, count, now), Context(at=now, actor="bench", contract=name))


def spools(through: int, folder: str = _SPOOLS) -> str:
    """Given a number, return the shell script by which a host's jobs have run so often, with the newest results kept.

    Nobody asks for what stands in these.
    """
    numbers = f"$(seq -f %010.0f {max(through - _KEPT, 0) + 1} {through})"
    lines = [
        f"mkdir -p {folder}/{job}; cd {folder}/{job}; : >state-{history.SPOOL}-{through:010d}-0\n"
        f"for number in {numbers}; do : >$number-{history.SPOOL}.json; done\n"
        for job in JOBS
    ]
    return "set -e\n" + "".join(lines)


def without_spools(folder: str = _SPOOLS) -> str:
    """Return the shell script that puts the spools of inspections aside; harmless when repeated."""
    return f"[ -d {folder}-aside ] || mv {folder}/inspection {folder}-aside"


def with_spools(folder: str = _SPOOLS) -> str:
    """Return the shell script that brings them back; harmless when repeated."""
    return f"[ ! -d {folder}-aside ] || mv {folder}-aside {folder}/inspection"


def _on_every_host(bed: Bed, script: str) -> dict[str, str]:
    return _each_host(bed, dict.fromkeys(bed.lab.hosts, script))


def _each_host(bed: Bed, scripts: Mapping[str, str]) -> dict[str, str]:
    with ThreadPoolExecutor(8) as pool:
        said = dict(zip(scripts, pool.map(bed.lab.root, scripts, scripts.values()), strict=True))
    wrong = [f"{name}: {result.err.strip()}" for name, result in said.items() if result.rc != 0]
    if wrong:
        raise BenchError(f"spools are not as wanted: {'; '.join(wrong)}")
    return {name: result.out for name, result in said.items()}


def nothing_new(run: Run) -> Run:
    """Given a collect that wrote JSON, return it. Raise BenchError unless every host answered and had nothing new."""
    return only_new(run, 0)


def only_new(run: Run, count: int) -> Run:
    """Given a collect that wrote JSON, return it. Raise BenchError unless every host answered, with so many results."""
    try:
        found, _ = json.JSONDecoder().raw_decode(run.output, max(run.output.find("{"), 0))
    except ValueError as error:
        raise BenchError(f"what `collect` printed is no JSON: {run.output[-2000:]}") from error
    said = {name: found[name] for name in ("lost", "unreached", "problems", "not_applied") if found[name]}
    if said or sum(found["new"].values()) != count:
        words = json.dumps(said | {"new": found["new"]})[:2000]
        raise BenchError(f"there was to be {count or 'nothing'} new: {words}")
    return run
