"""Examples of what plan, apply and verify come to, as the reports show them."""

from opspact.errors import Place
from opspact.ledger.event import Head
from opspact.model.origin import Origin
from opspact.plan.change import Action, Change
from opspact.plan.live_comparison import EXISTED, LEFT_POLICY
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import HostManifest, ManifestState
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import HostPlan, Plan
from opspact.report.verify_result import VerifyResult, verify_result
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.survey import Survey
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.structs import replace

ORIGIN = Origin("service/web", Place("policies/web.yaml", 9, 3), ("C1",))
NGINX = Package(name="nginx", origins=(ORIGIN,))
VIM = Package(name="vim", origins=(ORIGIN,))
MOTD = File(path="/etc/motd", content=Content.of("old\nsame\n"), origins=(ORIGIN,))
HEAD = Head(12, "ab" * 32)
ORPHAN = OrphanHost("old1", ("package nginx", "file /etc/motd"), "ops@192.0.2.7", "2026-11-02T08:00:00Z")

ALL_ACTIONS = (
    Change(Action.ADD, NGINX, "is not installed"),
    Change(Action.CHANGE, MOTD, "mode is 0600, expected 0644"),
    Change(Action.REMOVE, Package(name="telnet"), LEFT_POLICY),
    Change(Action.RELEASE, Package(name="tree"), EXISTED),
    Change(Action.DEPENDENT, Package(name="port"), "nothing listens"),
    Change(Action.MANUAL, replace(MOTD, path="/etc/issue"), "is a directory, expected a file"),
    Change(Action.DEFERRED, Package(name="borg"), "depends on backup1, which was not reached (down)"),
)
"""One change of each action."""


def plan_of(*hosts: HostPlan, live: bool = True, orphans: tuple[OrphanHost, ...] = ()) -> Plan:
    return Plan("hosts as they are" if live else "b" * 40, "a" * 40, "c" * 64, live, hosts, orphans)


def ok(name: str) -> HostResult:
    return HostResult(name, Reach.REACHED, (Check(NGINX, State.OK),))


def failed(name: str) -> HostResult:
    checks = (Check(NGINX, State.OK), Check(VIM, State.FAILED, "is not installed", present=False))
    return HostResult(name, Reach.REACHED, checks)


def unreachable(name: str) -> HostResult:
    checks = (Check(NGINX, State.UNKNOWN, "does not answer"), Check(VIM, State.UNKNOWN, "does not answer"))
    return HostResult(name, Reach.DOWN, checks, "does not answer")


def outcome(*results: HostResult, plan: Plan | None = None, **fields: object) -> ApplyOutcome:
    """Return what came of an apply that was to add a package on each host."""
    adds = tuple(HostPlan(each.name, (Change(Action.ADD, NGINX, "is not installed"),)) for each in results)
    values = {"plan": plan or plan_of(*adds), "results": {each.name: each for each in results}, "started": True}
    return ApplyOutcome(**(values | fields))  # type: ignore[arg-type]


def verified(
    *results: HostResult, manifests: dict[str, HostManifest] | None = None, orphans: tuple[OrphanHost, ...] = ()
) -> VerifyResult:
    return verify_result(Survey({each.name: each for each in results}, manifests or {}), orphans)


MISSING = HostManifest(
    state=ManifestState.MISSING, detail="manifest /n.json is missing although an earlier apply wrote it"
)
WITH_ORPHANS = HostManifest(
    Manifest((Entry(NGINX, made=True), Entry(Package(name="<telnet>"), made=True), Entry(VIM, made=False)))
)
