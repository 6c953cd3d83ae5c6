"""Whether a difference on a host is intended, drift, or nobody knows."""

from collections.abc import Mapping

import pytest

from opspact.plan.change_reason import ChangeReason, LastApply, change_reasons
from opspact.plan.live_comparison import compare_live
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import HostManifest, ManifestState
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.unit import Unit

NGINX = Package(name="nginx")
CONF = File(path="/etc/nginx/oa", content=Content.of("a"))
EDITED = File(path="/etc/nginx/oa", content=Content.of("b"))
UNIT = Unit(name="nginx.service", watches=("/etc/nginx/oa",))
PORT = PortAnswer(port=80)
INTENDED, DRIFT, UNKNOWN = ChangeReason.INTENDED, ChangeReason.DRIFT, ChangeReason.UNKNOWN


def last(*steps: Step, is_converged: bool = True, known: bool = True) -> LastApply:
    return LastApply(is_converged, lambda: {step.identity: step for step in steps} if known else None)


def reasons(
    wanted: Mapping[Step, State],
    *applied: Step,
    of: LastApply | None,
    state: ManifestState = ManifestState.OK,
    adopts: bool = False,
) -> dict[str, ChangeReason]:
    checks = tuple(
        Check(step, state, "" if state is State.OK else "differs", present=True) for step, state in wanted.items()
    )
    result = HostResult("app1", Reach.REACHED, checks)
    manifest = HostManifest(Manifest(tuple(Entry(step, made=True) for step in applied)), state, adopts=adopts)
    return dict(change_reasons(compare_live(result, manifest.manifest), result, manifest, last=of))


def test_the_same_policy_on_a_host_that_converged_is_drift() -> None:
    assert reasons({CONF: State.FAILED}, CONF, of=last(CONF)) == {CONF.identity: DRIFT}


@pytest.mark.parametrize("of", [None, last(CONF, is_converged=False)])
def test_without_a_record_that_it_was_so_nobody_knows(of: LastApply | None) -> None:
    assert reasons({CONF: State.FAILED}, CONF, of=of) == {CONF.identity: UNKNOWN}


@pytest.mark.parametrize("of", [None, last(CONF), last(CONF, is_converged=False)])
def test_another_policy_than_was_applied_is_intended_whatever_the_ledger_knows(of: LastApply | None) -> None:
    assert reasons({EDITED: State.FAILED}, CONF, of=of) == {CONF.identity: INTENDED}
    assert reasons({CONF: State.OK, NGINX: State.FAILED}, CONF, of=of) == {NGINX.identity: INTENDED}


def test_what_leaves_the_policies_is_intended() -> None:
    assert reasons({CONF: State.OK}, CONF, NGINX, of=None) == {NGINX.identity: INTENDED}


def test_a_check_that_failed_to_be_made_is_unknown_whatever_the_policy() -> None:
    assert reasons({EDITED: State.UNKNOWN, NGINX: State.UNKNOWN}, CONF, NGINX, of=last(CONF, NGINX)) == {
        CONF.identity: UNKNOWN,
        NGINX.identity: UNKNOWN,
    }


def test_what_follows_a_change_has_its_reason() -> None:
    edited = reasons({EDITED: State.FAILED, UNIT: State.OK}, CONF, UNIT, of=last(CONF, UNIT))
    drifted = reasons({CONF: State.FAILED, UNIT: State.OK}, CONF, UNIT, of=last(CONF, UNIT))

    assert edited[UNIT.identity] is INTENDED
    assert drifted[UNIT.identity] is DRIFT


def test_a_unit_that_stopped_is_drift_beside_an_intended_change() -> None:
    found = reasons({EDITED: State.FAILED, UNIT: State.FAILED}, CONF, UNIT, of=last(CONF, UNIT))

    assert found == {CONF.identity: INTENDED, UNIT.identity: DRIFT}


def test_what_nothing_makes_is_compared_with_the_commit_that_was_applied() -> None:
    assert reasons({PORT: State.FAILED}, of=last(PORT)) == {PORT.identity: DRIFT}
    assert reasons({PORT: State.FAILED}, of=last()) == {PORT.identity: INTENDED}
    assert reasons({PORT: State.FAILED}, of=last(known=False)) == {PORT.identity: UNKNOWN}
    assert reasons({PORT: State.FAILED}, of=None) == {PORT.identity: UNKNOWN}


def test_on_a_host_to_which_nothing_was_applied_all_is_intended() -> None:
    assert reasons({NGINX: State.FAILED, PORT: State.FAILED}, of=None, adopts=True) == {
        NGINX.identity: INTENDED,
        PORT.identity: INTENDED,
    }


@pytest.mark.parametrize(
    "state", [ManifestState.MISSING, ManifestState.DAMAGED, ManifestState.REBUILT, ManifestState.BLOCKED]
)
def test_without_a_manifest_to_go_by_nobody_knows(state: ManifestState) -> None:
    assert reasons({CONF: State.FAILED}, CONF, of=last(CONF), state=state, adopts=True) == {CONF.identity: UNKNOWN}
