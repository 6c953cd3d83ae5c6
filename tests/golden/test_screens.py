"""What people see of plans, applies and verifies: exactly the words of the files in `screens/`.

`OPSPACT_ACCEPT=1` writes the words down as they are now.
"""

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from narrow import unfit
from outcomes import (
    ALL_ACTIONS,
    HEAD,
    MISSING,
    MOTD,
    NGINX,
    ORPHAN,
    WITH_ORPHANS,
    failed,
    ok,
    outcome,
    plan_of,
    unreachable,
    verified,
)
from problems import PROBLEM

from opspact.errors import ChainBreak, LedgerBroken, Place, Problem, Refused
from opspact.fleet.ansible_events import RunEvent, TaskStatus
from opspact.fleet.failures import lost
from opspact.jobs.collection import Collection
from opspact.model.time.host_clock import HostClock
from opspact.plan.change import Action, Change
from opspact.plan.manifest_state import HostManifest, ManifestState
from opspact.plan.plan import HostPlan
from opspact.report.apply import outcome_lines
from opspact.report.host_clocks import host_clock_lines
from opspact.report.jobs import collected_lines
from opspact.report.line_breaks import wrapped
from opspact.report.lines import Line, plain
from opspact.report.orphans import not_checked_lines
from opspact.report.plan import PreviousSteps, plan_lines
from opspact.report.plan_context import PlanContext
from opspact.report.plan_markdown import plan_markdown
from opspact.report.progress import Reporter
from opspact.report.refusal import refusal_lines
from opspact.report.secrets import missing_secret_lines
from opspact.report.stages import stage_line
from opspact.report.verify import verify_lines
from opspact.report.waves import wave_lines
from opspact.rollout.live_waves import LiveWaves
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.planner import NOTHING
from opspact.rollout.waves import Gate, Wave
from opspact.run.resume import PlannedStage, Treatment
from opspact.run.stage import Stage
from opspact.run.state import Unfinished
from opspact.steps.check import Reach
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package

SCREENS = Path(__file__).parent / "screens"
NEW_MOTD = File(path=MOTD.path, content=Content.of("new\nsame\n"), mode="0640", origins=MOTD.origins)
BEFORE = PreviousSteps({"app1": {MOTD.identity: MOTD}})
LIVE = plan_of(
    HostPlan("app1", ALL_ACTIONS),
    HostPlan("app2", manifest=MISSING.detail, adopted=("package nginx", "account li-na")),
    HostPlan("app3", reach=Reach.DOWN, detail="does not answer"),
    orphans=(ORPHAN,),
)
COMMITS = plan_of(
    HostPlan("app1", (Change(Action.CHANGE, NEW_MOTD),), reach=Reach.NOT_CHECKED, base="d" * 40),
    HostPlan("app2", (Change(Action.ADD, NEW_MOTD),), reach=Reach.NOT_CHECKED, base=NOTHING),
    live=False,
)
BEGUN = Unfinished(1)
OFF = HostClock(-6_134_400)
WITHOUT_CHANGES = plan_of(HostPlan("app1"))


def applied(done: ApplyOutcome) -> list[Line]:
    return outcome_lines(done, HEAD)


WAVES = LiveWaves(
    (
        Wave("wave-1", "rollout/default: app1", ("app1",), gate=Gate("default", settle_seconds=90)),
        Wave("pause-1", "wait for a person: look at the shop", pause="look at the shop"),
        Wave("wave-2", "no rollout: db1", ("db1",)),
    ),
    "the plan changes 2 hosts of 3; the brake of rollout/default allows 1; apply to fewer hosts at a time",
)

LINES: Mapping[str, Callable[[], list[Line]]] = {
    "plan-live": lambda: plan_lines(LIVE),
    "plan-commits": lambda: plan_lines(COMMITS, BEFORE),
    "plan-waves": lambda: list(wave_lines(WAVES)),
    "plan-nothing": lambda: plan_lines(WITHOUT_CHANGES),
    "apply-converged": lambda: applied(outcome(ok("app1"), ok("app2"), notes=("without mitogen: too new",))),
    "apply-failed": lambda: applied(
        outcome(
            ok("app1"), failed("app2"), unreachable("app3"), why={"app2": "Install nginx: no such package"}, signal=0
        )
    ),
    "apply-every-action": lambda: applied(outcome(failed("app1"), plan=plan_of(HostPlan("app1", ALL_ACTIONS)))),
    "apply-manifest": lambda: applied(
        outcome(ok("app1"), plan=plan_of(HostPlan("app1", manifest=MISSING.detail)), started=False)
    ),
    "apply-nothing": lambda: applied(outcome(ok("app1"), plan=WITHOUT_CHANGES, started=False)),
    "apply-gate-failed": lambda: applied(
        outcome(
            failed("app1"),
            failed("app2"),
            ok("app3"),
            notes=(
                "wave-1 failed its gate: 1 of 1 host failed (app1), at most 0 may",
                "rollback-1: app1: back at commit abc",
            ),
            not_started=("app2",),
        )
    ),
    "apply-paused": lambda: applied(
        outcome(ok("app1"), failed("app2"), not_started=("app2",), stopped="paused: look at the shop first")
    ),
    "apply-stopped": lambda: applied(outcome(ok("app1"), failed("app2"), signal=15)),
    "verify-ok": lambda: verify_lines(verified(ok("app1"), ok("app2"))),
    "verify-findings": lambda: verify_lines(
        verified(
            ok("app1"),
            failed("db-main"),
            unreachable("x"),
            manifests={"app1": WITH_ORPHANS, "db-main": MISSING},
            orphans=(ORPHAN,),
        )
    ),
    "verify-manifests": lambda: verify_lines(
        verified(
            *(ok(f"app{number}") for number in range(1, 5)),
            manifests={
                "app1": HostManifest(state=ManifestState.REBUILT, detail="this host was rebuilt"),
                "app2": HostManifest(state=ManifestState.DAMAGED, detail="manifest /m is damaged"),
                "app3": HostManifest(state=ManifestState.DAMAGED, detail="manifest /m is damaged"),
                "app4": HostManifest(state=ManifestState.OLDER, detail="a later commit was applied"),
            },
        )
    ),
    "plan-many-hosts": lambda: plan_lines(
        plan_of(*(HostPlan(f"app{number}", (Change(Action.ADD, NGINX),)) for number in range(10_000)))
    ),
    "plan-many-groups": lambda: plan_lines(
        plan_of(*(HostPlan(f"h{number}", (Change(Action.ADD, Package(name=f"p{number}")),)) for number in range(50)))
    ),
    "verify-many-hosts": lambda: verify_lines(
        verified(*(ok(f"app{number}") for number in range(10_000)), failed("db1"))
    ),
    "refusal": lambda: list(refusal_lines(Refused("1 problem in the policies", [PROBLEM]))),
    "refusal-ledger": lambda: list(
        refusal_lines(LedgerBroken("it does not hold", [ChainBreak(2, "event 2 was changed")], hint="keep it"))
    ),
    "stages": lambda: [
        stage_line(
            PlannedStage(
                Stage("rollback-1", "roll the hosts of wave-1 back", hosts, recovers="wave-1"), treatment, 1, BEGUN
            )
        )
        for treatment, hosts in zip(
            Treatment, [(), ("app1",), ("app1", "app2"), (), ("app1",), ("app1",), ("app1",)], strict=True
        )
    ],
    "host-clocks": lambda: [
        *host_clock_lines({"app1": OFF, "app2": HostClock(3), "db1": HostClock(-6_134_410)}, reached=3),
        *host_clock_lines({"app1": HostClock(-301)}, reached=1),
        *host_clock_lines({"app1": HostClock(7200), "db1": HostClock(7201)}, reached=2),
        *host_clock_lines({"app1": HostClock(300)}, reached=1),
    ],
    "secrets-missing": lambda: list(
        missing_secret_lines(
            [
                Problem("OP040", Place("secret:env:X"), "the environment variable X is not set", hint="export X=…"),
                Problem("OP040", Place("secret:vault:borg"), "secrets.vault.yaml has no entry borg"),
            ]
        )
    ),
    "collected-nothing": lambda: collected_lines(
        Collection(
            unreached={"app1": lost("app1", Reach.DOWN, "no route to host")},
            problems={"db1": ["Python is not installed there: /usr/bin/python3 does not exist."]},
            not_applied=["app3", "app2"],
        ),
        ZoneInfo("Asia/Shanghai"),
    ),
    "hosts-not-checked": lambda: list(not_checked_lines([("app9", "does not answer")])),
}


def check(name: str, words: str) -> None:
    expected = SCREENS / name
    if os.environ.get("OPSPACT_ACCEPT") == "1":
        expected.write_text(words, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == words


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_screen_has_exactly_these_words(name: str) -> None:
    check(f"{name}.txt", plain(LINES[name]()))


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_screen_fits_a_terminal_of_44_columns(name: str) -> None:
    lines = LINES[name]()
    for number, shown in ((number, list(wrapped([one], 44))) for number, one in enumerate(lines)):
        one = lines[number]
        assert unfit(shown, one.text, 44) == []
        assert {len(text) - len(text.lstrip()) for text in shown[1:]} <= {one.indent + one.hang}
        assert "".join("".join(shown).split()) == "".join(one.text.split())


def test_progress_where_there_is_no_terminal_has_exactly_these_words() -> None:
    stream = io.StringIO()
    with Reporter(stream, color=False) as reporter:
        reporter.stage("checking", 3)
        reporter.host(1, 3, "app1")
        reporter.stage("applying changes to", 1)
        reporter.event(RunEvent("app1", "Install nginx", TaskStatus.STARTED))
        reporter.event(RunEvent("app1", "Install nginx", TaskStatus.FAILED, "no such\npackage"))
        reporter.stage("verifying", 1)
    check("progress.txt", stream.getvalue())


def test_a_comment_on_a_pull_request_has_exactly_these_words() -> None:
    check("plan-live.md", plan_markdown(LIVE, contract="office"))
    check("plan-commits.md", plan_markdown(COMMITS, PlanContext(BEFORE), contract="office"))
    check("plan-waves.md", plan_markdown(LIVE, PlanContext(waves=WAVES), contract="office"))
