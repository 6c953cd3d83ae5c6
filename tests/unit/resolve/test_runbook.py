"""What a runbook's steps, inputs, conditions and checks mean."""

import json

import pytest
from building import backup, tree

from opspact.model import runbook_actions as actions
from opspact.model.condition import Comparison, Condition, Term
from opspact.model.policies.runbook import Capture, OnFailure, Risk, Runbook, StepHosts
from opspact.model.text import Text
from opspact.resolve.contract import resolve
from opspact.schema.values.durations import parse_duration
from opspact.values.recipient import Recipient

APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\n"
TOP = "kind: runbook\nname: fix\nrisk: %s\nhosts: web\n"


def runbook(steps: str, *, more: str = "", risk: str = "reversible") -> Runbook:
    policies = (APPROVAL, backup("daily"), TOP % risk + more + "steps:\n" + steps)
    (found,) = resolve(tree(*policies)).runbooks
    return found


def action(fields: str, *, more: str = "") -> actions.Action:
    (step,) = runbook(f"- {{name: one, text: {{en: one}}, {fields}}}\n", more=more).steps
    return step.action


def test_a_runbook_knows_its_risk_its_hosts_its_limits_and_its_way_back() -> None:
    more = (
        "limits: {max_targets: 2, blackouts: refuse}\nrestore_point: daily\nevidence: {photo: {en: a photo}}\n"
        "preconditions: [{text: {en: it answers}, check: [{unit: ssh.service}], on: db}]\n"
    )
    found = runbook("- {name: one, text: {en: one}, manual: {en: wipe}}\n", more=more, risk="destructive")
    assert (found.risk, found.hosts, found.restore_points) == (Risk.DESTRUCTIVE, ("app1", "app2"), ("daily",))
    assert (found.max_targets, found.refuses_blackouts, found.without_restore_point) == (2, True, None)
    assert found.evidence["photo"].en == "a photo"
    (before,) = found.preconditions
    assert (before.checks, before.hosts) == ((actions.UnitCheck("ssh.service"),), StepHosts(("db1",)))


def test_a_step_says_what_follows_when_it_fails() -> None:
    steps = (
        "- {name: one, text: {en: one}, command: [restart], destructive: true, retries: 2, retry_after: 5s,\n"
        "   on_failure: goto, goto: last, rollback: {command: [start], user: root}}\n"
        "- {name: last, text: {zh: 告知, en: report}, manual: {en: report}}\n"
    )
    one, last = runbook(steps).steps
    assert (one.on_failure, one.goto, one.retries, one.retry_after.seconds) == (OnFailure.GOTO, "last", 2, 5.0)
    assert one.rollback_action == actions.CommandAction(("start",), "root")
    assert (one.destructive, one.idempotent, one.timeout.seconds, one.hosts) == (True, False, 600.0, StepHosts())
    assert (last.text, last.on_failure, last.idempotent) == (Text("告知", "report"), OnFailure.ABORT, True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("command: [echo, '{{ host }}'], user: postgres", actions.CommandAction(("echo", "{{ host }}"), "postgres")),
        ("command: [cat], stdin: hello, environment: {A: b}", actions.CommandAction(("cat",), "", {"A": "b"}, "hello")),
        ('script: "df -h\\n"', actions.ScriptAction("df -h\n")),
        ("approve: lead", actions.ApproveAction("lead")),
        ("backup: daily", actions.BackupAction("daily")),
        ("runbook: {name: fix, inputs: {a: b}}", actions.CallAction("fix", {"a": "b"})),
        (
            "restore: {backup: daily, database: oa, as: oa_restored}",
            actions.RestoreAction("daily", database="oa", new_name="oa_restored"),
        ),
        (
            "restore: {backup: daily, files: /srv/oa, to: /srv/restored, at: '2026-01-01T10:00'}",
            actions.RestoreAction("daily", files=("/srv/oa",), folder="/srv/restored", at="2026-01-01T10:00"),
        ),
        (
            "notify: {to: team operations, message: {en: done}}",
            actions.NotifyAction(Recipient("team", "operations"), Text("done", "done")),
        ),
        (
            "wait: {until: [{process: nginx}], every: 2s}",
            actions.WaitAction((actions.ProcessCheck("nginx"),), parse_duration("2s")),
        ),
        (
            "manual: {en: look}, ask: {cause: {text: {en: why}, choice: [disk, memory]}}, attach: photo",
            actions.ManualAction(
                Text("look", "look"),
                {"cause": actions.Question(Text("why", "why"), choice=("disk", "memory"))},
                "photo",
            ),
        ),
    ],
)
def test_each_kind_of_step_has_its_action(fields: str, expected: actions.Action) -> None:
    assert action(fields) == expected


def test_a_task_of_the_fabfile_knows_by_which_text_it_runs() -> None:
    step = "- {name: one, text: {en: one}, fabric: {task: restart, arguments: {unit: x}}}\n"

    def found(fabfile: str) -> actions.Action:
        files = {"runbooks/fabfile.py": fabfile}
        return resolve(tree(TOP % "reversible" + f"steps:\n{step}", files=files)).runbooks[0].steps[0].action

    one, other = found("def restart(): ...\n"), found("def restart(): pass\n")
    assert isinstance(one, actions.FabricAction)
    assert (one.task, one.arguments, one == found("def restart(): ...\n")) == ("restart", {"unit": "x"}, True)
    assert one != other


def test_tasks_of_ansible_are_kept_as_they_were_written() -> None:
    found = action("ansible: [{ansible.builtin.service: {name: nginx, state: restarted}, no_log: true}]")
    assert isinstance(found, actions.AnsibleAction)
    assert json.loads(found.tasks) == [
        {"ansible.builtin.service": {"name": "nginx", "state": "restarted"}, "no_log": True}
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("unit: nginx.service", actions.UnitCheck("nginx.service")),
        ("unit: {name: x.service, running: false, enabled: true}", actions.UnitCheck("x.service", False, True)),
        ("file: /etc/oa.conf", actions.FileCheck("/etc/oa.conf")),
        (
            "file: {path: /etc/oa.conf, contains: x, owner: root, mode: '0644'}",
            actions.FileCheck("/etc/oa.conf", contains="x", owner="root", mode="0644"),
        ),
        ("package: {name: nginx, installed: false}", actions.PackageCheck("nginx", installed=False)),
        ("process: {name: nginx, running: false}", actions.ProcessCheck("nginx", running=False)),
        ("tcp: {port: 80}", actions.TcpCheck(80, "127.0.0.1", 2.0)),
        ("http: {url: 'http://localhost/'}", actions.HttpCheck("http://localhost/", 200, "", 2.0)),
        (
            "command: {run: [nginx, -t], user: root, exit_code: 1, output: {contains: ok}}",
            actions.CommandCheck(("nginx", "-t"), "root", 1, Comparison(contains="ok")),
        ),
    ],
)
def test_each_check_has_its_meaning(written: str, expected: actions.RunbookCheck) -> None:
    assert action(f"check: [{{{written}}}]") == actions.CheckAction((expected,))


def test_a_step_runs_on_its_own_hosts_on_those_of_an_input_or_on_the_targets() -> None:
    inputs = "inputs: {source: {text: {en: source}, host: db}}\n"
    steps = (
        "- {name: own, text: {en: own}, on: db, command: [x]}\n"
        "- {name: given, text: {en: given}, on: '{{ source }}', command: [x]}\n"
        "- {name: targets, text: {en: targets}, command: [x]}\n"
    )
    found = runbook(steps, more=inputs)
    assert [step.hosts for step in found.steps] == [StepHosts(("db1",)), StepHosts(input="source"), StepHosts()]
    assert found.inputs["source"].hosts == ("db1",)


def test_conditions_are_alternatives_of_terms_that_must_all_hold() -> None:
    steps = (
        "- name: one\n  text: {en: one}\n  command: [x]\n  when: [{cause: disk, size: {above: 3}}, {ready: true}]\n"
        "  assert: {output: {matches: '[a-z]+'}}\n  capture: {n: {pattern: 'n=([0-9]+)'}, code: {exit_code: true}}\n"
    )
    (one,) = runbook(steps).steps
    assert one.when == Condition(
        (
            (Term("cause", Comparison(equals="disk")), Term("size", Comparison(above=3))),
            (Term("ready", Comparison(equals="true")),),
        )
    )
    assert one.asserted.names == ("output",)
    assert one.captures == {"n": Capture("pattern", "n=([0-9]+)"), "code": Capture("exit_code")}
