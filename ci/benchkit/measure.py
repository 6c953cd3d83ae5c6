"""What is measured, in which order: contestants take turns, so that what else the machine does hits all alike.

In: a test bed, how many rounds. Out: rows of the table.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from benchkit import (
    baseline,
    collecting,
    deadlines,
    drilling,
    history,
    inspecting,
    large,
    many_names,
    planning,
    purging,
    reviewing,
    rolling_out,
    scale,
)
from benchkit.bed import Bed, nothing_done
from benchkit.table import Figure, Row, figure, missing
from benchkit.timing import Run

LONG = 60.0
"""Seconds: a run that takes longer is not repeated."""

SAMPLE = 4
"""Hosts that the peers which take one host after the other are measured on, in larger labs."""

EXACT = 9
"""Rounds of what is promised as a ratio of processor times."""

_LARGE = 8


@dataclass
class Taking:
    """Takes the measurements of one part: `count` rounds, the runs of each contestant by name, all loads noted."""

    count: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)

    def turns(self, contestants: Mapping[str, Callable[[], Run]], *, at_least: int = 1) -> None:
        """Given contestants, let each run once a round; one that takes long has one turn only.

        `at_least`: rounds that are needed, unless one alone is asked for.
        """
        for _ in range(1 if self.count == 1 else max(self.count, at_least)):
            for name, work in contestants.items():
                before = self.runs.setdefault(name, [])
                if before and before[-1].seconds > LONG:
                    continue
                run = work()
                before.append(run)
                self.loads.append(run.load)
                print(f"  {name}: {run.seconds:.2f} s (load {run.load:.1f})", file=sys.stderr, flush=True)

    def figure(self, key: str, name: str, *, times: float = 1, note: str = "") -> Figure:
        """Given a contestant and how the table names it, return its median."""
        return figure(name, [run.seconds for run in self.runs[key]], times=times, note=note)

    def processor(self, key: str, name: str) -> Figure:
        """Given a contestant and how the table names it, return its median of user and system time."""
        return figure(name, [run.processor for run in self.runs[key]], note="user + system")

    def memory(self, key: str, name: str) -> Figure:
        """Given a contestant and how the table names it, return its largest memory in MiB."""
        peak = max(run.memory for run in self.runs[key])
        return Figure(name, peak / 1024, unit="MiB")


def verify(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed whose hosts are converged, measure verifying them."""
    checks = len(bed.steps)
    sample = bed.lab.hosts if bed.count <= _LARGE else bed.lab.hosts[:SAMPLE]
    times = bed.count / len(sample)
    commands = bed.commands()
    taking.turns(
        {
            "cli": bed.verify,
            "inside": bed.verify_inside,
            "floor": lambda: bed.floor(commands),
            "ssh": lambda: bed.stock("ssh", sample),
            "paramiko": lambda: bed.stock("paramiko", sample),
        },
    )
    note = f"measured on {len(sample)} hosts, × {times:g}" if times > 1 else ""
    work = f"verify, {bed.count} hosts, {checks} checks each"
    ours = taking.figure("cli", "`opspact verify`")
    inside = taking.figure("inside", "the same, Python already running")
    floor = taking.figure("floor", f"bare `ssh host sudo sh -s`, {len(commands)} commands")
    return [
        Row(work, ours, taking.figure("ssh", "testinfra `ssh://`", times=times, note=note), 20),
        Row(work, ours, taking.figure("paramiko", "testinfra `paramiko://`", times=times, note=note), 8),
        Row(work, ours, floor, 1.4 if bed.count <= _LARGE else 1.25, at_most=True),
        Row(work, inside, floor, 1.1, at_most=True),
    ]


def _apply_rows(work: str, taking: Taking, reach: tuple[float, float]) -> list[Row]:
    ours = taking.figure("opspact", "`opspact apply --yes`")
    return [
        Row(work, ours, taking.figure("pyinfra", "pyinfra"), reach[0]),
        Row(work, ours, taking.figure("ansible", "`ansible-playbook` on our output"), reach[1]),
    ]


def nothing(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed, let everybody apply until all agree, then measure them with nothing to do."""
    bed.pyinfra()  # it reads the package lists once more, to leave a mark of its own
    bed.apply()
    taking.turns(
        {
            "opspact": lambda: nothing_done(bed.apply()),
            "again": lambda: nothing_done(bed.apply_again()),
            "pyinfra": lambda: nothing_done(bed.pyinfra()),
            "ansible": lambda: nothing_done(bed.ansible()),
        },
    )
    work = f"apply, nothing to do, {bed.count} hosts"
    again = taking.figure("again", "`opspact apply --yes`, within a minute of the last one")
    return [*_apply_rows(work, taking, (5, 30)), Row(work, again, taking.figure("pyinfra", "pyinfra"), 9)]


def names(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed whose hosts are converged, measure verifying them under many names."""
    folders = {count: many_names.contract_with_names(bed, count) for count in (30, 300)}
    taking.turns(
        {
            "login": lambda: many_names.logins(bed),
            **{f"{count}": partial(many_names.verify, bed, folder, count) for count, folder in folders.items()},
        },
        at_least=3,
    )

    def each(key: str, count: int, name: str) -> Figure:
        of_one = [run.processor / count * 1000 for run in taking.runs[key]]
        return Figure(name, median(of_one), len(of_one), "user + system", "ms")

    many, few = each("300", 300, "`opspact verify`"), each("30", 30, "30 names")
    work = "verify, 300 names, each"
    memory, limit = taking.memory("300", "`opspact verify`"), Figure("limit", 120, unit="MiB")
    return [
        Row(work, many, each("login", many_names.LOGINS, "`ssh host true`"), 1.15, at_most=True),
        Row(work, many, few, 1.05, at_most=True),
        Row("verify, 300 names, peak memory", memory, limit, 1, at_most=True),
    ]


def first(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed, measure all tools on new hosts each time; the state is verified after every run."""

    def on_fresh(work: Callable[[], Run]) -> Callable[[], Run]:
        def run() -> Run:
            bed.renew()
            done = work()
            bed.check()
            return done

        return run

    contestants = {"pyinfra": bed.pyinfra, "ansible": bed.ansible, "opspact": bed.apply}
    taking.turns({name: on_fresh(work) for name, work in contestants.items()})
    return _apply_rows(f"first apply, {bed.count} new hosts", taking, (1, 4))


def collect(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed, measure collecting with nothing new on its hosts, with an empty ledger and a full one; new results.

    The hosts have jobs afterwards that the bed's own contract does not have.
    """
    empty, full, new = collecting.prepare(bed, history.MANY)
    taking.turns({"empty": empty.collect, "full": full.collect}, at_least=EXACT)
    full.collect()  # which brings the spools back
    taking.turns({"new": new.collect, "bare": new.floor})
    work = f"collect, {bed.count} hosts with nothing new, {full.count:,} results in the ledger"
    name = "`opspact inspect collect`"
    bare = taking.figure("bare", "bare `ssh host sudo sh -s` that reads them, all hosts at once")
    return [
        Row(work, taking.processor("full", name), taking.processor("empty", "an empty ledger"), 1.1, at_most=True),
        Row(
            f"collect, {bed.count} hosts with {collecting.NEW} new results each",
            taking.figure("new", name),
            bare,
            1.5,
            at_most=True,
        ),
    ]


def compiling(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure compiling for 10,000 and for 20,000 hosts."""
    small, large = scale.write(folder, 10_000), scale.write(folder, 20_000)
    taking.turns(
        {
            "10,000": lambda: scale.ours(small),
            "20,000": lambda: scale.ours(large),
            "inventory": lambda: scale.theirs(small),
        },
    )
    ours = taking.figure("10,000", "`opspact compile`")
    twice = taking.figure("20,000", "`opspact compile`, 20,000")
    work = "compile, 10,000 hosts"
    limit = Figure("limit", 500, unit="MiB")
    return [
        Row(work, ours, taking.figure("inventory", "`ansible-inventory --list`"), 4),
        Row(f"{work}, peak memory", taking.memory("10,000", "`opspact compile`"), limit, 1, at_most=True),
        Row("compile, 20,000 hosts", twice, taking.figure("10,000", "10,000 hosts"), 2.2, at_most=True),
    ]


def planning_a_change(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure the plan of a one-line change for 10,000 hosts, in user and system time."""
    made = planning.write(folder, 10_000)
    taking.turns(
        {
            "cold": partial(planning.cold, made),  # it leaves the cache filled
            "warm": partial(planning.warm, made),
            "compiles": partial(planning.compiles, made),
            "by hand": partial(planning.by_hand, made),
        }
    )
    work = "plan --base, 10,000 hosts, one line changed"
    both = taking.processor("compiles", "`opspact compile` of both")
    cold, warm = (taking.processor(name, f"`opspact plan --base`, {name} cache") for name in ("cold", "warm"))
    by_hand = taking.processor("by hand", "`opspact compile` of both and `diff -r`")
    return [
        Row(f"{work}, warm", warm, both, 0.15, at_most=True),
        Row(f"{work}, cold", cold, both, 1.1, at_most=True),
        Row(f"{work}, cold, by hand", cold, by_hand, 0.6, at_most=True),
    ]


def checking(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure checking the reference contract, and generated ones of 10,000 and 20,000 hosts."""
    small, twice = large.write(folder, 10_000), large.write(folder, 20_000)
    taking.turns(
        {
            "reference": large.check_reference,
            "check 10,000": lambda: large.check(small),
            "check 20,000": lambda: large.check(twice),
        }
    )
    name = "`opspact check`"
    work = f"check, 10,000 hosts, {large.POLICIES} policies, {large.PEOPLE} people, two years"
    ours = taking.figure("check 10,000", name)
    memory = taking.memory("check 10,000", name)
    return [
        Row("check, the reference contract", taking.figure("reference", name), Figure("limit", 1), 1, at_most=True),
        Row(work, ours, Figure("limit", 10), 1, at_most=True),
        Row(f"{work}, peak memory", memory, Figure("limit", 1000, unit="MiB"), 1, at_most=True),
        Row("check, 20,000 hosts", taking.figure("check 20,000", name), ours, 2.2, at_most=True),
    ]


def comparing(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure checking beside an earlier build, in user and system time."""
    former = folder / "former"
    former.mkdir()
    builds = {"now": baseline.ROOT / "src", "before": baseline.sources(former)}
    contracts = {
        ("check, the reference contract", 0.55): former if builds["before"] else baseline.ROOT,
        (f"check, 10,000 hosts, {large.POLICIES} policies", 0.8): large.write(folder / "compared", 10_000),
    }
    taking.turns(
        {
            f"{work} {name}": partial(baseline.check, build, contract)
            for (work, _), contract in contracts.items()
            for name, build in builds.items()
            if build is not None
        },
        at_least=EXACT,
    )
    rows = []
    before = f"the same, {baseline.COMMIT}"
    for work, reach in contracts:
        ours = taking.processor(f"{work} now", "`opspact check`")
        if builds["before"] is None:
            theirs = missing(before, "commit not in git: a shallow clone?")
        else:
            theirs = taking.processor(f"{work} before", before)
        rows.append(Row(f"{work}, compared with {baseline.COMMIT}", ours, theirs, reach, at_most=True))
    return rows


def a_million_deadlines(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder to run in, measure a million deadlines."""
    taking.turns({"deadlines": lambda: deadlines.run(folder)})
    ours = taking.figure("deadlines", "`opspact.model.time.calendar.due`")
    return [Row("1,000,000 business deadlines, one core", ours, Figure("limit", 20), 1, at_most=True)]


def judging(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure `status` and `trace` on a ledger of a thousand events and on one of a million."""
    few, many = history.write(folder, history.FEW), history.write(folder, history.MANY)
    taking.turns(
        {
            f"{command} {count}": partial(history.run, command, place)
            for command in ("status", "trace")
            for count, place in ((history.FEW, few), (history.MANY, many))
        },
        at_least=EXACT,
    )
    return [
        Row(
            f"{command}, {history.MANY:,} events in SQLite",
            taking.processor(f"{command} {history.MANY}", f"`opspact {command}`"),
            taking.processor(f"{command} {history.FEW}", f"{history.FEW:,} events"),
            2,
            at_most=True,
        )
        for command in ("status", "trace")
    ]


def waves(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed, measure a change of one file on each host, in four waves and in one."""
    folder = bed.contract.parent
    contestants = {
        name: rolling_out.RollingOut(bed, folder, name, in_waves=name == "waves").run for name in ("waves", "one")
    }
    taking.turns(contestants)
    ours = taking.figure("waves", "four waves")
    theirs = taking.figure("one", "one `opspact apply --yes` of all")
    return [Row(f"a file changed on {bed.count} hosts", ours, theirs, 1.4, at_most=True)]


def purge(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure the purge of a million rows on a lab of its own."""
    with purging.purging(folder) as bed:
        taking.turns({"ours": bed.ours, "floor": bed.floor})
    ours = taking.figure("ours", "the run of `data_care` on the host")
    theirs = taking.figure(
        "floor", "`COPY … TO` a file and one `DELETE`", note="PostgreSQL alone, no archive elsewhere"
    )
    return [Row("purge of 1,000,000 rows with archive", ours, theirs, 2.5, at_most=True)]


def drill(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure the restore test of a copy of 2 GB on a lab of its own."""
    with drilling.drilling(folder) as bed:
        taking.turns({"ours": bed.ours, "floor": bed.floor})
    ours = taking.figure("ours", "the run of `drill` on the backup server")
    theirs = taking.figure("floor", "`borg extract` of the same", note="nothing compared")
    return [Row("drill of a 2 GB set", ours, theirs, 1.3, at_most=True)]


def inspect(_: Path, taking: Taking) -> list[Row]:
    """Measure an inspection of thirty items on a lab of its own."""
    with inspecting.inspecting() as bed:
        taking.turns({"ours": bed.ours, "plugins": bed.plugins}, at_least=EXACT)
    ours = taking.processor("ours", "the program on the host")
    theirs = taking.processor("plugins", "Debian's monitoring-plugins, one process each")
    memory, limit = taking.memory("ours", "the program on the host"), Figure("limit", 40, unit="MiB")
    return [
        Row("inspection of 30 items", ours, theirs, 0.5, at_most=True),
        Row("inspection of 30 items, peak memory", memory, limit, 1, at_most=True),
    ]


def review(folder: Path, taking: Taking) -> list[Row]:
    """Given a folder, measure the review of a journal of a million entries on a lab of its own."""
    with reviewing.reviewing(folder) as bed:
        taking.turns({"ours": bed.ours, "floor": bed.floor})
    work = f"review of a journal of {reviewing.ENTRIES:,} entries"
    ours, theirs = (
        taking.figure("ours", "the program of `log_review` on the host"),
        taking.figure("floor", "`journalctl -o json --all` into nothing"),
    )
    memory, limit = (
        taking.memory("ours", "the program of `log_review`"),
        Figure("limit", 114, note="120 MB", unit="MiB"),
    )
    return [Row(work, ours, theirs, 1.6, at_most=True), Row(f"{work}, peak memory", memory, limit, 1, at_most=True)]
