"""The digest of a plan: it misses nothing that matters."""

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.plan.change import Action, Change
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import HostPlan, Plan
from opspact.steps.check import Reach
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.structs import replace

NGINX = Package(name="nginx")
CONF = File(path="/etc/nginx/oa", content=Content.of("a"))
ADD = Change(Action.ADD, CONF, "does not exist")
HOST = HostPlan("app1", (ADD,))
PLAN = Plan("base", "head", "contract", live=True, hosts=(HOST,))


def with_host(host: HostPlan) -> Plan:
    return replace(PLAN, hosts=(host,))


def with_change(change: Change) -> Plan:
    return with_host(replace(HOST, changes=(change,)))


DIFFERENT = [
    replace(PLAN, base="other"),
    replace(PLAN, head="other"),
    replace(PLAN, contract="other"),
    replace(PLAN, live=False),
    replace(PLAN, hosts=()),
    replace(PLAN, hosts=(HOST, replace(HOST, name="app2"))),
    with_host(replace(HOST, name="app2")),
    with_host(replace(HOST, reach=Reach.DOWN)),
    with_host(replace(HOST, manifest="is missing")),
    with_host(replace(HOST, changes=(ADD, Change(Action.ADD, NGINX)))),
    with_change(replace(ADD, why="differs otherwise")),
    with_change(replace(ADD, step=replace(CONF, mode="0600"))),
    with_change(replace(ADD, step=replace(CONF, content=Content.of("b")))),
    *(with_change(replace(ADD, action=action)) for action in Action if action is not Action.ADD),
]


def test_everything_that_matters_changes_the_digest() -> None:
    digests = [plan.digest for plan in [PLAN, *DIFFERENT]]
    assert len(set(digests)) == len(digests)


def test_who_asks_for_a_step_does_not_change_the_digest() -> None:
    origins = (Origin("service/web", Place("policies/a.yaml", 3)),)
    assert with_change(replace(ADD, step=replace(CONF, origins=origins))).digest == PLAN.digest


def test_hosts_that_share_their_changes_have_the_digest_of_hosts_that_do_not() -> None:
    shared = replace(PLAN, hosts=(HOST, replace(HOST, name="app2")))
    apart = replace(PLAN, hosts=(HOST, HostPlan("app2", (replace(ADD, step=replace(CONF)),))))
    assert shared.digest == apart.digest


def test_hosts_that_left_the_inventory_do_not_change_the_digest() -> None:
    assert replace(PLAN, orphans=(OrphanHost("old1", ("package nginx",)),)).digest == PLAN.digest


def test_a_plan_without_changes_is_empty() -> None:
    assert with_host(HostPlan("app1")).is_empty
    assert not PLAN.is_empty


def test_a_manifest_that_is_to_be_written_again_is_something_to_do() -> None:
    assert not HostPlan("app1", manifest="is missing").is_empty
