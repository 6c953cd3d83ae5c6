"""What may pass by itself is waited for, as long as it may take, and nothing else is."""

from collections.abc import Sequence

import pytest

from opspact.rollout import wait_until_ready as module
from opspact.rollout.survey import Survey
from opspact.rollout.wait_until_ready import wait_until_ready, wait_until_started
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.unit import Unit

OK = Check(Unit(name="oa.service"), State.OK)
STARTS = Check(Unit(name="oa.service"), State.FAILED, "is activating", delay=90.0)
DEAD = Check(Unit(name="oa.service"), State.FAILED, "is failed")
SILENT = Check(PortAnswer(port=80), State.FAILED, "nothing listens")
LACKS = Check(Package(name="nginx"), State.FAILED, "is not installed")


class Hosts:
    """Hosts whose every survey shows the next of what is written, and the last from then on; and a clock."""

    def __init__(self, **seen: list[list[Check]]) -> None:
        self.seen = seen
        self.taken: list[tuple[str, ...]] = []
        self.now = 0.0

    def take(self, names: Sequence[str]) -> Survey:
        self.taken.append(tuple(names))
        results = {}
        for name in names:
            place = min(sum(name in taken for taken in self.taken), len(self.seen[name])) - 1
            results[name] = HostResult(name, Reach.REACHED, tuple(self.seen[name][place]))
        return Survey(results, {})

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def wait(hosts: Hosts, monkeypatch: pytest.MonkeyPatch, *, ready: bool) -> Survey:
    monkeypatch.setattr(module, "time", hosts)
    return (wait_until_ready if ready else wait_until_started)(hosts.take, list(hosts.seen))


@pytest.mark.parametrize("ready", [True, False])
def test_a_unit_that_still_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch, ready: bool) -> None:
    hosts = Hosts(app1=[[STARTS, SILENT], [STARTS, SILENT], [OK]], app2=[[OK]])
    survey = wait(hosts, monkeypatch, ready=ready)
    assert survey.results["app1"].count(State.OK) == 1
    assert hosts.taken == [("app1", "app2"), ("app1",), ("app1",)]


@pytest.mark.parametrize("ready", [True, False])
def test_no_longer_than_its_own_limit(monkeypatch: pytest.MonkeyPatch, ready: bool) -> None:
    hosts = Hosts(app1=[[STARTS]])
    assert wait(hosts, monkeypatch, ready=ready).results["app1"].checks == (STARTS,)
    assert 90 <= hosts.now < 93


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("wrong", [[DEAD], [STARTS, LACKS], [SILENT, LACKS]])
def test_what_does_not_pass_by_itself_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, ready: bool, wrong: list[Check]
) -> None:
    hosts = Hosts(app1=[wrong, [OK]])
    wait(hosts, monkeypatch, ready=ready)
    assert hosts.now == 0


@pytest.mark.parametrize(("ready", "waited"), [(True, True), (False, False)])
def test_an_answer_is_waited_for_after_an_apply_alone(
    monkeypatch: pytest.MonkeyPatch, ready: bool, waited: bool
) -> None:
    hosts = Hosts(app1=[[SILENT], [OK]])
    wait(hosts, monkeypatch, ready=ready)
    assert (hosts.now > 0) is waited
