"""What devices, emergencies, runbooks, indicators, flows, approvals and rollouts mean."""

from pathlib import Path

import pytest
from building import backup, service, tree

from opspact.model.contract import Contract
from opspact.model.policies.device import DeviceSign
from opspact.model.policies.rollout import ChosenHosts, HostCount, HostShare, Pause
from opspact.model.text import Text
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.schema.values.durations import parse_duration
from opspact.schema.values.targets import parse_target
from opspact.values.target import Target

TOP = Path(__file__).parents[3]


SLA = "kind: sla\nname: standard\nlevels: {I: {means: {en: down}, milestones: {respond: {within: 30m}}}}\n"


def resolved(*policies: str) -> Contract:
    return resolve(tree(*policies))


@pytest.fixture(scope="module")
def reference() -> Contract:
    return resolve(read_tree(TOP))


def test_a_device_is_looked_at_by_its_signs() -> None:
    signs = "[{ping: {within: 500ms}}, {tcp: {port: 443}}, {http: {url: 'http://192.0.2.1/', contains: ready}}]"
    text = f"kind: device\nname: switch\naddress: 192.0.2.1\nprobed_from: app1\nnormal: {signs}\n"
    (device,) = resolved(text).devices
    assert device.normal == (
        DeviceSign("ping", parse_duration("500ms")),
        DeviceSign("tcp", parse_duration("2s"), port=443),
        DeviceSign("http", parse_duration("2s"), url="http://192.0.2.1/", status=200, contains="ready"),
    )
    assert (device.owner, device.probed_from, str(device.origin.policy)) == ("", "app1", "device/switch")


FIX = "kind: runbook\nname: fix\nrisk: reversible\nhosts: web\n"


def test_a_runbook_stands_in_either_folder() -> None:
    text = FIX + "steps: [{name: look, text: {en: look}, check: [{unit: nginx.service}]}]\n"
    files = tree() | {"runbooks/web/fix.yaml": text.encode()}
    assert resolved(text).runbooks[0].steps[0].action == resolve(files).runbooks[0].steps[0].action
    assert resolve(files).runbooks[0].origin.place.file == "runbooks/web/fix.yaml"


def test_references_between_policies_are_noted_for_traces() -> None:
    approval = "kind: approval\nname: lead\nneeds: {role: operations}\n"
    fix = FIX + "restore_point: daily\nsteps: [{name: consent, text: {en: consent}, approve: lead}]\n"
    lost = "kind: emergency\nname: lost\nsymptoms: {en: [lost]}\nprevention: [{backup: daily}]\nrunbook: fix\n"
    noted = {(each.by, each.to) for each in resolve(tree(approval, backup("daily"), fix, lost)).policy_index.references}
    assert noted >= {
        ("approval/lead", "team/operations"),
        ("runbook/fix", "approval/lead"),
        ("runbook/fix", "backup/daily"),
        ("emergency/lost", "backup/daily"),
        ("emergency/lost", "runbook/fix"),
    }


def test_prevention_is_a_policy_or_done_by_people() -> None:
    fix = FIX + "steps: [{name: fix, text: {en: fix}, manual: {en: fix}}]\n"
    prevention = "[{by_hand: {zh: 准备安装程序, en: bring the installer}}, {backup: daily}]"
    lost = f"kind: emergency\nname: lost\nsymptoms: {{zh: [丢失]}}\nprevention: {prevention}\nrunbook: fix\n"
    (emergency,) = resolved(backup("daily"), fix, lost + "drill_within: 180 days\n").emergencies
    assert emergency.prevented_by == ("backup/daily",)
    assert emergency.by_hand == (Text("准备安装程序", "bring the installer"),)
    assert (emergency.symptoms.zh, emergency.symptoms.en, emergency.drill_within) == (
        ("丢失",),
        (),
        parse_duration("180 days"),
    )


def test_the_steps_of_a_flow_go_on_with_the_next_one() -> None:
    steps = (
        "[{name: ask, text: {en: ask}, by: customer}, "
        "{name: solved, text: {en: 'solved?'}, by: operations, then: end, otherwise: ask}, "
        "{name: go, text: {en: go}, by: operations, level: [I], records: [cause]}]"
    )
    (flow,) = resolved(f"kind: flow\nname: course\nway: case\ncases: incident\nsteps: {steps}\n", SLA).flows
    assert [(step.name, step.then, step.otherwise) for step in flow.steps] == [
        ("ask", "solved", ""),
        ("solved", "end", "ask"),
        ("go", "end", ""),
    ]
    assert (flow.steps[2].levels, flow.steps[2].records, flow.cases) == (("I",), ("cause",), "incident")


def test_a_rollout_reaches_every_host() -> None:
    text = "kind: rollout\nname: default\nwaves: [{hosts: app1}, {pause: look}, {count: 1}, {percent: 100}]\n"
    (rollout,) = resolved(text + "gate: {settle: 2m}\nbrake: {max_percent: 40, max_hosts: 2}\n").rollouts
    assert rollout.waves == (ChosenHosts("app1", ("app1",)), Pause("look"), HostCount(1), HostShare(100))
    assert (rollout.settle, rollout.max_percent, rollout.max_hosts) == (parse_duration("2m"), 40, 2)
    (by_name,) = resolved("kind: rollout\nname: default\nwaves: [{hosts: web}, {hosts: all}]\n").rollouts
    assert (by_name.max_percent, by_name.max_hosts, by_name.verify, by_name.max_failures) == (100, None, True, 0)
    assert by_name.rollback


def test_several_rollouts_have_hosts_of_their_own() -> None:
    text = "kind: rollout\nname: {}\nhosts: {}\nwaves: [{{percent: 100}}]\n"
    web, rest = resolved(text.format("front", "web"), text.format("rest", "all:!web")).rollouts
    assert set(web.hosts).isdisjoint(rest.hosts)


def test_an_approval_says_whose_yes_and_for_how_long() -> None:
    text = "kind: approval\nname: lead\nneeds: {role: operations, count: 2, expires: 12h}\nfor: [weakening]\n"
    (approval,) = resolved(text).approvals
    assert (approval.role, approval.count, approval.expires.seconds, approval.occasions) == (
        "operations",
        2,
        43_200.0,
        ("weakening",),
    )


def test_an_indicator_knows_what_it_measures() -> None:
    drills = "kind: quality\nname: fast\ntarget: '<= 8 h'\nfigure: worst\nmeasure: {drill: daily, over: quarter}\n"
    (quality,) = resolved(backup("daily"), drills).qualities
    assert (quality.measures, quality.of, quality.over, quality.figure) == ("drill", "daily", "quarter", "worst")
    assert quality.target == Target("<= 8 h", "<=", 28_800.0, "seconds")
    count = "kind: quality\nname: few\ntarget: '= 0'\nmeasure: {count: reopened, level: I, over: month}\n"
    (quality,) = resolved(count, SLA).qualities
    assert (quality.measures, quality.of, quality.levels, quality.figure) == ("count", "reopened", ("I",), "count")


@pytest.mark.parametrize(
    ("text", "met", "missed"),
    [
        (">= 99 %", (99.0, 100.0), (98.9,)),
        ("> 99 %", (99.1,), (99.0,)),
        ("<= 30 m", (1_800.0, 0.0), (1_801.0,)),
        ("< 4 h", (14_399.0,), (14_400.0,)),
        ("<= 5 days", (432_000.0,), (432_001.0,)),
        ("= 0", (0.0,), (1.0,)),
    ],
)
def test_a_target_is_met_or_missed(text: str, met: tuple[float, ...], missed: tuple[float, ...]) -> None:
    written = parse_target(text)
    target = Target(written.text, written.comparison, written.number, written.unit)
    assert all(map(target.accepts, met))
    assert not any(map(target.accepts, missed))


def test_a_service_keeps_its_owner_and_its_data() -> None:
    (found,) = resolve(tree(service("web", "tier: standard\ndata: {paths: [/srv/oa], databases: [oa]}"), SLA)).services
    assert (found.owner, found.tier, found.databases) == ("operations", "standard", ("oa",))
    assert [(data.name, data.hosts) for data in found.data_paths] == [("/srv/oa", None)]


def test_the_reference_contract_has_a_runbook_for_each_of_its_nine_emergencies(reference: Contract) -> None:
    emergencies = reference.emergencies
    assert len([each for each in emergencies if "G2" in each.origin.clauses]) == 5
    assert len([each for each in emergencies if "G3" in each.origin.clauses]) == 4
    assert len({each.runbook for each in emergencies}) == len(emergencies)
    faults = {each.name for each in reference.runbooks if each.rehearsal_only}
    assert {each.rehearsal.fault for each in emergencies if each.rehearsal} == faults
    assert len(faults) == len(emergencies)
    assert all(each.symptoms.zh and each.symptoms.en and each.drill_within for each in emergencies)


def test_the_reference_contract_writes_every_clause_in_both_languages(reference: Contract) -> None:
    numbers = {"A": 9, "B": 5, "C": 4, "D": 7, "E": 3, "F": 2, "G": 6, "H": 6, "I": 7}
    assert set(reference.clauses) == {
        f"{part}{number}" for part, most in numbers.items() for number in range(1, most + 1)
    }
    assert all(clause.text.zh != clause.text.en and clause.section for clause in reference.clauses.values())
