"""What is said of a fault that a drill may have left behind: each way to cure it, and none that would be refused."""

from datetime import UTC, datetime

import pytest
from building import tree
from runbook_texts import steps

from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import EmergencyRehearsed, RunbookStarted
from opspact.report.drill import earlier_fault_lines, open_fault_lines
from opspact.report.lines import plain
from opspact.resolve.contract import resolve
from opspact.runbook.rehearsal import PlannedRun

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
(RUNBOOK,) = resolve(tree(steps('command: ["true"]'))).runbooks
CURE = PlannedRun(RUNBOOK, {"before": "a b"}, {})
RESUME, RUN = "opspact runbook resume cure-1", "opspact runbook run fix --host db1 --input 'before=a b'"


@pytest.mark.parametrize(
    ("outcome", "run", "cured", "said"),
    [
        (RunOutcome.FAILED, "", None, (False, True)),  # it was not started
        (RunOutcome.FAILED, "cure-1", None, (True, True)),
        (RunOutcome.STOPPED, "cure-1", None, (True, False)),  # a new run would be refused while that one is open
        (RunOutcome.STOPPED, "cure-1", AT, (False, True)),  # nobody has looked whether it is cured
        (RunOutcome.STOPPED, "", None, (False, True)),
    ],
)
def test_the_commands_that_cure_a_fault_are_named(
    outcome: RunOutcome, run: str, *, cured: datetime | None, said: tuple[bool, bool]
) -> None:
    event = EmergencyRehearsed("emergency/gone", "db1", outcome, AT, "fault-1", run, cured=cured)
    text = plain(open_fault_lines(event, CURE))
    assert (RESUME in text, RUN in text) == said


def test_a_fault_of_an_earlier_drill_is_named_with_its_run_even_without_its_emergency() -> None:
    made = RunbookStarted("fault-1", "break-it", "0" * 64, ("db1",), drill="gone")
    for cure, is_named in ((CURE, True), (None, False)):
        text = plain(earlier_fault_lines(made, "db1", cure))
        assert ("fault-1" in text, RUN in text) == (True, is_named)
