"""What came of an apply, said: what was done, what is not kept and why."""

import io
import json

from opspact.errors import Place
from opspact.fleet.ansible_events import RunEvent, What
from opspact.ledger.event import Head
from opspact.model.origin import Origin
from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.report.apply import applied_json, applied_lines
from opspact.report.lines import plain
from opspact.report.progress import Reporter
from opspact.rollout.outcome import Applied
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.package import Package

NGINX = Package(name="nginx", origins=(Origin("service/web", Place("policies/web.yaml", 9), ("C1",)),))
HEAD = Head(12, "ab" * 32)


def result(name: str, state: State, detail: str = "") -> HostResult:
    return HostResult(name, Reach.REACHED, (Check(NGINX, state, detail),))


def applied(**changes: object) -> Applied:
    hosts = (
        HostPlan("app1", (Change(Action.ADD, NGINX),)),
        HostPlan("app2", (Change(Action.ADD, NGINX),)),
        HostPlan("db1"),
    )
    plan = Plan("hosts as they are", "", "c" * 64, live=True, hosts=hosts)
    results = {name: result(name, State.OK) for name in ("app1", "app2", "db1")}
    return Applied(**{"plan": plan, "results": results, "started": True, **changes})  # type: ignore[arg-type]


def test_hosts_on_which_the_same_was_done_share_a_line() -> None:
    assert plain(applied_lines(applied(), HEAD)) == (
        f"app1, app2  kept  1 added\n\nkept: 3 hosts, 3 checks ok after apply\nledger 12:{'ab' * 32}\n"
    )


def test_what_is_not_kept_says_why_and_what_is_wrong() -> None:
    results = {"app1": result("app1", State.OK), "app2": result("app2", State.FAILED, "is not installed")}
    done = applied(results=results, why={"app2": "Install nginx: no such package"}, notes=("without mitogen: too new",))

    assert plain(applied_lines(done, HEAD)) == (
        "app1  kept  1 added\n"
        "app2  not kept  1 added\n"
        "  why: Install nginx: no such package\n"
        "  failed   package nginx: is not installed\n"
        "           policies/web.yaml:9 (service/web; clauses C1)\n"
        "note: without mitogen: too new\n"
        "\n"
        "not kept on 1 of 2 hosts; the next apply goes on from here\n"
        f"ledger 12:{'ab' * 32}\n"
    )
    told = json.loads(applied_json(done, HEAD))
    assert (told["kept"], told["ledger_head"]) == (False, str(HEAD))
    assert [host["kept"] for host in told["hosts"]] == [True, False]
    assert told["hosts"][1]["not_ok"] == [{"step": "package nginx", "state": "failed", "detail": "is not installed"}]


def test_why_a_host_was_not_reached_is_told_once() -> None:
    results = {"app1": result("app1", State.OK), "app2": HostResult("app2", Reach.DOWN, (), "does not answer")}
    said = plain(applied_lines(applied(results=results, why={"app2": "does not answer"}), HEAD))
    assert said.count("does not answer") == 1


def test_nothing_to_do_is_one_line() -> None:
    nothing = Plan("hosts as they are", "", "c" * 64, live=True, hosts=(HostPlan("db1"),))
    done = applied(plan=nothing, results={"db1": result("db1", State.OK)}, started=False)

    assert plain(applied_lines(done, HEAD)) == ("nothing to do: 1 host, 1 step in order; Ansible was not started\n")


def test_a_note_written_anew_is_told_without_a_word_of_steps_and_what_was_adopted_with_nothing_to_do() -> None:
    plan = Plan("hosts as they are", "", "c" * 64, live=True, hosts=(HostPlan("db1", note="is missing"),))
    done = applied(plan=plan, results={"db1": result("db1", State.OK)}, started=False)
    assert plain(applied_lines(done, HEAD)).startswith("db1  kept  its note was written anew\n")

    nothing = Plan("hosts as they are", "", "c" * 64, live=True, hosts=(HostPlan("db1"),))
    done = applied(plan=nothing, results={"db1": result("db1", State.OK)}, started=False, notes=("3 things",))
    assert plain(applied_lines(done, HEAD)).endswith("Ansible was not started\nnote: 3 things\n")


def test_what_people_have_to_mend_is_never_called_done() -> None:
    hosts = (HostPlan("app1", (Change(Action.ADD, NGINX), Change(Action.MANUAL, NGINX, "is a directory"))),)
    plan = Plan("hosts as they are", "", "c" * 64, live=True, hosts=hosts)
    done = applied(plan=plan, results={"app1": result("app1", State.FAILED, "is a directory")})
    assert not done.is_kept
    told = plain(applied_lines(done, HEAD))
    assert "app1  not kept  1 added, 1 left to fix by hand\n  failed   package nginx: is a directory\n" in told


def test_an_apply_that_a_signal_ended_is_never_called_kept() -> None:
    told = plain(applied_lines(applied(signal=15), HEAD))

    assert "ended by signal 15: 3 of 3 hosts kept\n" in told


def test_without_a_terminal_progress_is_a_line_for_each_stage_and_for_each_failure() -> None:
    stream = io.StringIO()
    with Reporter(stream, color=False) as reporter:
        reporter.stage("look", 3)
        reporter.host(1, 3, "app1")
        reporter.stage("apply", 1)
        reporter.event(RunEvent("app1", "Install nginx", What.STARTED))
        reporter.event(RunEvent("app1", "Install nginx", What.FAILED, "no such\npackage"))
        reporter.stage("look again", 1)

    assert stream.getvalue() == (
        "looking at 3 hosts\nchanging 1 host\napp1: failed: Install nginx: no such | package\nlooking again at 1 host\n"
    )
