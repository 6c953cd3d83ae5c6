"""Which hosts are changed together, in which order, and how many of them at most."""

from collections.abc import Iterable

import pytest
from all_steps import REPOSITORY

from opspact.errors import Refused
from opspact.ledger.codec import from_data, to_data
from opspact.ledger.run_events import RunOutcome
from opspact.model.origin import Origin
from opspact.model.policies.rollout import ChosenHosts, HostCount, HostShare, Pause, Rollout
from opspact.model.policies.rollout import Wave as WantedWave
from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout.waves import STAGE, Gate, Wave, check_brake, split, with_rest, writes
from opspact.run.state import Finished, RunState
from opspact.schema.values.durations import parse_duration
from opspact.steps.package import Package
from opspact.structs import replace

HOSTS = tuple(f"app{number}" for number in range(1, 9))
NGINX = Change(Action.ADD, Package(name="nginx"))
ORIGIN = Origin("rollout/default", None, ())  # type: ignore[arg-type]  # nobody asks for the place
CANARY, REST = ChosenHosts("canary", ("app3",)), HostShare(100)


def rollout(*waves: WantedWave, name: str = "default", hosts: Iterable[str] = HOSTS) -> Rollout:
    return Rollout(
        name=name,
        hosts=tuple(hosts),
        waves=waves,
        verify=True,
        max_failures=0,
        settle=None,
        max_hosts=None,
        max_percent=100,
        rollback=True,
        fix_drift=(),
        origin=ORIGIN,
    )


def plan(*names: str, change: Change = NGINX) -> Plan:
    hosts = tuple(HostPlan(name, (change,)) for name in names)
    return Plan("hosts as they are", "", "c" * 64, live=True, hosts=hosts)


def divided(*rollouts: Rollout, hosts: tuple[str, ...] = HOSTS, of: Plan | None = None) -> list[tuple[str, ...]]:
    return [(wave.name, *wave.hosts) for wave in split(rollouts, of or plan(*hosts), hosts)]


def test_without_a_rollout_all_hosts_are_one_wave_that_has_no_gate() -> None:
    (wave,) = split((), plan(*HOSTS), HOSTS)
    assert (wave.name, wave.hosts, wave.gate, wave.rollback) == (STAGE, HOSTS, Gate(), "")


def test_a_host_is_in_the_first_wave_that_chooses_it() -> None:
    assert divided(rollout(CANARY, HostCount(2), HostShare(50), REST)) == [
        ("wave-1", "app3"),
        ("wave-2", "app1", "app2"),
        ("wave-3", "app4"),  # half of eight, of which three were in earlier waves
        ("wave-4", "app5", "app6", "app7", "app8"),
    ]


def test_a_share_is_of_the_hosts_that_change_and_never_nobody() -> None:
    assert divided(rollout(CANARY, HostShare(10), REST), hosts=("app1", "app2")) == [
        ("wave-1", "app1"),
        ("wave-2", "app2"),
    ]


def test_a_pause_counts_although_no_host_of_an_earlier_wave_changes() -> None:
    waves = split((rollout(CANARY, Pause("look"), REST),), plan("app1"), ("app1",))
    assert [(wave.name, wave.pause, wave.hosts) for wave in waves] == [
        ("pause-1", "look", ()),
        ("wave-1", "", ("app1",)),
    ]
    assert divided(rollout(CANARY, Pause("look"), REST), hosts=("app3",)) == [("wave-1", "app3")]


def test_rollouts_follow_each_other_and_hosts_of_none_come_last() -> None:
    front, back = rollout(REST, name="front", hosts=("app2",)), rollout(REST, name="back", hosts=("app1",))
    waves = split((back, front), plan("app1", "app2", "app9"), ("app1", "app2", "app9"))
    assert [(wave.gate.rollout, wave.hosts) for wave in waves] == [
        ("back", ("app1",)),
        ("front", ("app2",)),
        ("", ("app9",)),
    ]
    assert [wave.rollback for wave in waves] == ["rollback-1", "rollback-2", ""]


def test_a_server_is_not_changed_after_a_host_that_depends_on_it() -> None:
    depends = Plan("", "", "c" * 64, True, (HostPlan("app3", (Change(Action.ADD, REPOSITORY),)), *plan("app1").hosts))
    hosts = ("app1", "backup1", "app3")
    whole = replace(depends, hosts=(*depends.hosts, HostPlan("backup1", (NGINX,))))
    waves = split((rollout(CANARY, REST, hosts=(*HOSTS, "backup1")),), whole, hosts)
    assert [wave.hosts for wave in waves] == [("backup1", "app3"), ("app1",)]
    later = split((rollout(CANARY, REST),), depends, ("app1", "app3"))
    assert writes(later, depends, ("app1", "app3", "backup1")) == {"wave-1": ("app3", "backup1"), "wave-2": ("app1",)}


def test_a_wave_is_recorded_and_read_again() -> None:
    waves = split(
        (replace(rollout(CANARY, Pause("look"), REST), settle=parse_duration("1500ms")),), plan(*HOSTS), HOSTS
    )
    assert from_data(tuple[Wave, ...], to_data(waves)) == waves
    assert waves[0].gate.settle_seconds == 2


def test_what_a_resumed_run_finds_to_do_in_a_wave_that_is_done_comes_with_the_first_that_is_not() -> None:
    waves = split((rollout(CANARY, Pause("look"), REST),), plan("app1", "app3"), ("app1", "app3"))
    state = RunState(1, {"wave-1": Finished(1, RunOutcome.DONE), "pause-1": Finished(1, RunOutcome.STOPPED)})
    assert [wave.hosts for wave in with_rest(waves, state, ("app1", "app3"))] == [("app3",), (), ("app1", "app3")]
    assert with_rest(waves, RunState(1), ("app1", "app3")) == waves


@pytest.mark.parametrize(
    ("percent", "most", "changed", "is_refused"),
    [
        (50, None, 4, False),
        (50, None, 5, True),
        (100, 3, 3, False),
        (100, 3, 4, True),
        (1, None, 1, False),  # a small fleet can be changed one by one
        (1, None, 2, True),
    ],
)
def test_the_brake_refuses_a_plan_that_changes_more_hosts(
    percent: int, most: int | None, changed: int, *, is_refused: bool
) -> None:
    limited = replace(rollout(REST), max_percent=percent, max_hosts=most)
    if not is_refused:
        check_brake((limited,), plan(*HOSTS[:changed]), HOSTS)
        return
    with pytest.raises(Refused, match="the brake of rollout/default") as refused:
        check_brake((limited,), plan(*HOSTS[:changed]), HOSTS)
    assert "--limit" in refused.value.hint


def test_the_brake_does_not_count_what_people_have_to_do_nor_hosts_of_others() -> None:
    limited = replace(rollout(REST, hosts=("app1", "app2")), max_hosts=1)
    check_brake((limited,), plan("app1", "app3"), HOSTS)
    check_brake((limited,), plan("app1", "app2", change=replace(NGINX, action=Action.MANUAL)), HOSTS)
