"""What the person on duty sees of a contract with a history: exactly the words of `screens/status.txt` and the like.

`OPSPACT_ACCEPT=1` writes the words down as they are now.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from building import tree
from duty import at, contract, override, roster, weekly
from outcomes import plan_of
from recorded import POLICIES, History

from opspact.compile.build import build
from opspact.evidence.assessment import Assessment, assess
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Outcome, Verdict
from opspact.model.roster.changes import duty_changes
from opspact.plan.plan import HostPlan
from opspact.report.backup_status import backup_status_lines
from opspact.report.lines import Line, plain
from opspact.report.obligations import group_lines, grouped
from opspact.report.plan import plan_lines
from opspact.report.plan_context import PlanContext
from opspact.report.plan_markdown import plan_markdown
from opspact.report.status import status_lines
from opspact.resolve.contract import resolve
from opspact.rollout.contract_comparison import ContractComparison
from opspact.steps.check import Reach

SCREENS = Path(__file__).parent / "screens"
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def assessment(tmp_path: Path) -> Assessment:
    """A copy that is too old, an inspection that did not run, one that saw a full disk, a host that is down."""
    resolved = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        history = History(ledger, resolved, build(resolved, day=date(2026, 3, 2)))
        history.applied(NOW - 30 * DAY)
        history.checked(NOW - HOUR, "app1")
        history.checked(NOW - HOUR, "app2", reach=Reach.DOWN)
        history.checked(NOW - HOUR, "backup1", failed="backup/nightly")
        history.result("backup/nightly", "app1", NOW - 5 * DAY, copy=NOW - 5 * DAY)
        history.result("backup/nightly", "app1", NOW - 11 * HOUR, outcome=Outcome.FAILED, message="no space left")
        full = Item(item="disk", subject="/", verdict=Verdict.CRITICAL, message="95 % used")
        history.result("inspection/daily", "app1", NOW - 5 * HOUR, verdict=Verdict.CRITICAL, items=(full,))
        history.result("inspection/daily", "app2", NOW - 29 * HOUR)
        return assess(resolved, history.work, ledger, now=NOW)


SHOWN: Mapping[str, Callable[[Assessment], Iterable[Line]]] = {
    "status": lambda found: status_lines(found, "office-automation", ZONE),
    "backup-status": lambda found: backup_status_lines(found.of_policy("backup/nightly"), ZONE),
}


EARLY = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)  # 06:00 on Sunday in Shanghai
EDITED = tuple(text.replace("schedule: daily at 07:00", "schedule: hourly at :15") for text in POLICIES)


@pytest.fixture
def changing(tmp_path: Path) -> Assessment:
    """A host that joined, a schedule that was edited, a check that is just due, a copy that did not arrive."""
    old, new = resolve(tree(*POLICIES)), resolve(tree(*EDITED))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        history = History(ledger, old, build(old, day=date(2026, 2, 28)))
        history.applied(EARLY - DAY, "backup/nightly")
        history.applied(EARLY - 30 * DAY, "inspection/daily", "service/web", hosts=("app2",))
        for host in ("app2", "backup1"):
            history.checked(EARLY - HOUR, host)
        history.result("inspection/daily", "app2", EARLY - 23 * HOUR)
        history.result("backup/nightly", "app1", EARLY - 5 * HOUR, copy=EARLY - 5 * HOUR)
        facts = {"client": "app1", "repository": "daily", "problem": "", "copies": {"nightly": None}}
        missing = Item(item="repository", subject="app1/daily", verdict=Verdict.WARNING, facts=facts)
        history.result("prune/daily", "backup1", EARLY - HOUR, verdict=Verdict.WARNING, items=(missing,))
        return assess(new, build(new, day=date(2026, 2, 28)), ledger, now=EARLY)


def test_what_is_new_or_edited_has_exactly_these_words(changing: Assessment) -> None:
    groups = grouped(changing.judged)
    check("obligations-changing.txt", plain(line for group in groups for line in group_lines(group, ZONE)))


def comparison_of_a_swap() -> ContractComparison:
    turns = roster(weekly("ann", "bob"))
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    before, after = contract(turns), contract(turns, swap)
    start, end = at("2026-03-02T00:00"), at("2026-04-01T00:00")
    return ContractComparison(before, after, duty=tuple(duty_changes(before, after, start=start, end=end)))


def test_who_changes_when_has_exactly_these_words() -> None:
    comparison, nothing = comparison_of_a_swap(), plan_of(HostPlan("app1"), live=False)
    check("plan-duty.txt", plain(plan_lines(nothing, comparison=comparison)))
    check("plan-duty.md", plan_markdown(nothing, PlanContext(comparison=comparison), contract="office"))


def check(name: str, words: str) -> None:
    expected = SCREENS / name
    if os.environ.get("OPSPACT_ACCEPT") == "1":
        expected.write_text(words, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == words


@pytest.mark.parametrize("name", SHOWN)
def test_a_screen_has_exactly_these_words(name: str, assessment: Assessment) -> None:
    check(f"{name}.txt", plain(SHOWN[name](assessment)))
