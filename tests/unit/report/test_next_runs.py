"""What a plan says of schedules by which systemd may start a job at once."""

import pytest

from opspact.plan.change import Action, Change
from opspact.report.next_runs import starts_at_once
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.unit import Unit

SCHEDULE = "[Timer]\nOnCalendar=daily\nPersistent=true\n"
TIMER = "/etc/systemd/system/rotate.timer"
DROP_IN = "/etc/systemd/system/apt-daily.timer.d/night.conf"


def said(path: str, *beside: Step, content: str = SCHEDULE, action: Action = Action.CHANGE) -> str:
    change = Change(action, File(path=path, content=Content.of(content)))
    return starts_at_once(change, [change, *(Change(Action.CHANGE, step) for step in beside)])


def test_a_drop_in_with_a_schedule_may_start_its_job_at_once() -> None:
    assert "apt-daily.timer at once" in said(DROP_IN)
    assert "apt-daily.timer at once" in said(DROP_IN, Unit(name="apt-daily.timer", watches=(DROP_IN,)))


def test_so_may_the_file_of_a_timer_that_no_policy_starts() -> None:
    assert "rotate.timer at once" in said(TIMER)


@pytest.mark.parametrize("path", ["/etc/systemd/system/rotate.service", "/srv/rotate.timer", "/etc/rotate.timer"])
def test_nothing_is_said_of_other_files(path: str) -> None:
    assert said(path) == ""


def test_nothing_is_said_of_a_timer_that_policies_start_and_of_what_has_no_schedule_or_leaves() -> None:
    assert said(TIMER, Unit(name="rotate.timer", watches=(TIMER,))) == ""
    assert said(DROP_IN, content="[Timer]\nAccuracySec=1s\n") == ""
    assert said(DROP_IN, action=Action.REMOVE) == ""
