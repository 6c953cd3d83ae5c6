"""What apply reports: what was done, what did not converge and why. Its words: `tests/golden`."""

import json

from outcomes import ALL_ACTIONS, HEAD, MISSING, VIM, failed, ok, outcome, plan_of, unreachable

from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.apply import outcome_json, outcome_lines
from opspact.report.lines import plain
from opspact.rollout.outcome import ApplyOutcome
from opspact.steps.check import Reach


def test_hosts_on_which_the_same_was_done_share_a_line() -> None:
    text = plain(outcome_lines(outcome(ok("app1"), ok("app2")), HEAD))
    assert [line for line in text.splitlines() if "app1" in line] == [
        line for line in text.splitlines() if "app2" in line
    ]
    assert str(HEAD) in text


def test_what_did_not_converge_says_why_and_what_is_wrong() -> None:
    done = outcome(ok("app1"), failed("app2"), why={"app2": "Install vim: no such package"}, notes=("too new",))
    text = plain(outcome_lines(done, HEAD))

    assert all(words in text for words in ("Install vim: no such package", "package vim: is not installed", "too new"))
    data = json.loads(outcome_json(done, HEAD))
    assert (data["converged"], data["ledger_head"]) == (False, str(HEAD))
    assert [host["converged"] for host in data["hosts"]] == [True, False]
    assert data["hosts"][1]["not_ok"] == [{"step": "package vim", "state": "failed", "detail": "is not installed"}]


def test_why_a_host_was_not_reached_is_reported_once() -> None:
    text = plain(outcome_lines(outcome(ok("app1"), unreachable("app2"), why={"app2": "does not answer"}), HEAD))
    assert text.count("does not answer") == 1


def test_nothing_to_do_is_one_line_and_its_notes() -> None:
    nothing = plan_of(HostPlan("db1"))
    assert len(outcome_lines(outcome(ok("db1"), plan=nothing, started=False), HEAD)) == 1
    adopted = outcome(ok("db1"), plan=nothing, started=False, notes=("3 things",))
    assert plain(outcome_lines(adopted, HEAD)).endswith("3 things\n")


def test_a_manifest_written_again_is_reported_without_a_word_of_steps() -> None:
    done = outcome(ok("db1"), plan=plan_of(HostPlan("db1", manifest=MISSING.detail)), started=False)
    first = plain(outcome_lines(done, HEAD)).splitlines()[0]
    assert "manifest" in first
    assert not any(style.done in first for style in ACTION_STYLES.values())


ACTS = (Action.ADD, Action.CHANGE, Action.REMOVE)


def first_line(done: ApplyOutcome) -> str:
    return plain(outcome_lines(done, HEAD)).splitlines()[0]


def test_what_people_have_to_fix_is_never_called_done() -> None:
    done = outcome(failed("app1"), plan=plan_of(HostPlan("app1", ALL_ACTIONS)))
    assert not done.is_converged
    assert all(
        f"1 {style.planned}" in first_line(done) for action, style in ACTION_STYLES.items() if action not in ACTS
    )


def test_after_a_failure_what_was_done_is_counted_not_what_was_planned() -> None:
    plan = plan_of(HostPlan("app1", (*ALL_ACTIONS, Change(Action.ADD, VIM, "is not installed"))))
    done = outcome(failed("app1"), plan=plan, removed={"app1": ("package telnet",)})

    assert all(words in first_line(done) for words in ("1 of 2 added", "0 of 1 changed", "1 of 1 removed"))
    (host,) = json.loads(outcome_json(done, HEAD))["hosts"]
    assert host["done"] == {"add": ["package nginx"], "remove": ["package telnet"]}


def test_of_a_host_that_was_lost_on_the_way_it_is_unknown_what_was_done() -> None:
    done = outcome(ok("app1"), unreachable("app2"))
    of_app2 = next(text for text in plain(outcome_lines(done, HEAD)).splitlines() if text.startswith("app2"))

    assert all(words in of_app2 for words in (Reach.DOWN.value, "1 to add", "unknown"))
    assert not any(words in of_app2 for words in ("failed", "added"))
    assert json.loads(outcome_json(done, HEAD))["hosts"][1]["done"] == {}


def test_a_host_that_was_never_reached_has_no_plan_to_tell() -> None:
    plan = plan_of(HostPlan("app1", ALL_ACTIONS[:1]), HostPlan("app2", reach=Reach.DOWN, detail="does not answer"))
    for started in (True, False):
        text = plain(outcome_lines(outcome(ok("app1"), unreachable("app2"), plan=plan, started=started), HEAD))
        of_app2 = next(line for line in text.splitlines() if line.startswith("app2"))
        assert "unknown" in of_app2
        assert "nothing" not in text


def test_an_apply_that_a_signal_stopped_has_not_converged() -> None:
    done = outcome(ok("app1"), signal=15)
    assert not done.is_converged
    assert json.loads(outcome_json(done, HEAD))["converged"] is False
