"""Edges of the rules about the risk of runbooks: what a step changes, ways back, secrets in the open."""

import json

import pytest
from analysing import found
from building import backup
from runbook_texts import FABFILE, steps

from opspact.model.finding import Severity

RESTART = "command: [systemctl, restart, x.service]"
BACK = ", rollback: {command: [systemctl, stop, x.service]}"
SECRET = "inputs: {password: {text: {en: password}, secret: secret:vault:oa}}\n"


def too_low(fields: str, risk: str) -> list[Severity]:
    return [finding.severity for finding in found("OP282", steps(fields, risk=risk), files=FABFILE)]


@pytest.mark.parametrize(
    ("fields", "least"),
    [
        ("check: [{unit: x.service}]", "read-only"),
        ("manual: {en: look}", "read-only"),
        ("command: [systemctl, status, x], idempotent: true", "read-only"),
        ("command: [cat, /etc/passwd], idempotent: true", "read-only"),
        ("script: 'ps aux | sort > /tmp/list', idempotent: true", "read-only"),
        ("ansible: [{ansible.builtin.stat: {path: /srv}}, {community.postgresql.postgresql_info: {}}]", "read-only"),
        (RESTART, "reversible"),
        (RESTART + ", idempotent: true", "reversible"),
        ("script: 'echo x > /etc/motd', idempotent: true", "reversible"),
        ("command: [kill, '4711'], idempotent: true", "reversible"),
        ("ansible: [{ansible.builtin.service: {name: x, state: started}}]", "reversible"),
        ("script: 'rm -r /srv/oa', idempotent: true", "destructive"),
        (RESTART + ", destructive: true", "destructive"),
        ("ansible: [{ansible.builtin.file: {path: /srv/oa, state: absent}}]", "destructive"),
    ],
)
def test_the_risk_is_at_least_what_the_steps_do(fields: str, least: str) -> None:
    order = ("read-only", "reversible", "destructive")
    errors = [risk for risk in order if Severity.ERROR in too_low(fields, risk)]
    assert errors == list(order[: order.index(least)])


def test_a_command_of_a_read_only_runbook_says_that_it_only_reads() -> None:
    assert too_low("command: [show-state]", "read-only") == [Severity.WARNING]
    assert too_low("fabric: {task: show}", "read-only") == [Severity.WARNING]
    assert too_low("command: [show-state]", "reversible") == []


def test_a_called_runbook_counts() -> None:
    called = steps(RESTART, risk="reversible", name="called")
    (finding,) = found("OP282", called, steps("runbook: {name: called}", risk="read-only"))
    assert (finding.policy, finding.severity) == ("runbook/fix", Severity.ERROR)
    assert found("OP282", called, steps("runbook: {name: called}", risk="reversible")) == ()


def rollback(*written: str, risk: str = "reversible") -> list[tuple[str, Severity]]:
    return [(finding.subject, finding.severity) for finding in found("OP283", steps(*written, risk=risk))]


def test_every_step_before_one_that_rolls_back_has_a_way_back() -> None:
    last = RESTART + BACK + ", on_failure: rollback"
    assert rollback(RESTART, last) == [("step step-1", Severity.WARNING)]
    assert rollback(RESTART + BACK, last) == []
    assert rollback("check: [{unit: x.service}]", last) == []
    assert rollback(last, RESTART) == [], "a later step is not rolled back"
    assert rollback("command: [cat, /x], idempotent: true", last, risk="destructive") == []


def test_a_reversible_runbook_without_a_way_back_is_a_note() -> None:
    assert rollback(RESTART) == [("", Severity.NOTE)]
    assert rollback(RESTART + BACK) == []
    assert rollback(RESTART, risk="destructive") == []


def test_what_changes_something_takes_a_restore_point_or_says_why_not() -> None:
    def lacking(top: str, risk: str = "reversible") -> int:
        return len(found("OP284", backup("daily"), steps(RESTART, top=top, risk=risk, hosts="web")))

    assert lacking("") == 1
    assert lacking("", "destructive") == 1
    assert lacking("", "read-only") == 0
    assert lacking("restore_point: daily\n") == 0
    assert lacking("without_restore_point: {en: nothing is lost}\n") == 0


def test_the_restore_point_of_a_called_runbook_is_taken_by_the_one_that_calls() -> None:
    called = steps(RESTART, top="restore_point: daily\n", hosts="web", name="called")

    def findings(top: str) -> list[str]:
        calling = steps("runbook: {name: called}", top=top, hosts="web")
        return [each.subject for each in found("OP284", backup("daily"), called, calling)]

    assert findings("restore_point: daily\n") == []
    assert findings("without_restore_point: {en: the caller knows}\n") == []
    assert "step step-1" in findings("")


def test_a_restore_point_covers_every_host_that_the_runbook_may_be_run_for() -> None:
    emergency = "kind: emergency\nname: lost\nsymptoms: {en: [lost]}\nrunbook: fix\n"
    fix = steps(RESTART, top="restore_point: daily\n", hosts="web:db")
    (finding,) = found("OP281", backup("daily"), fix, emergency)
    assert "db1" in finding.message
    assert "lost" in finding.message
    assert found("OP281", backup("daily"), steps(RESTART, top="restore_point: daily\n", hosts="web")) == ()


@pytest.mark.parametrize(
    ("fields", "is_covered"),
    [
        ("command: [x], on: db", False),
        ("command: [x], on: db, idempotent: true", True),
        ("check: [{unit: x.service}], on: db", True),
        ("command: [x], on: db, idempotent: true, rollback: {command: [y]}", False),
        ("ansible: [{ansible.builtin.service: {name: x, state: started}}], on: '{{ place }}'", False),
        ("command: [x], on: web", True),
    ],
)
def test_a_restore_point_covers_hosts_beside_the_targets_that_are_written_on(fields: str, *, is_covered: bool) -> None:
    place = "inputs: {place: {text: {en: place}, host: db}}\n"
    written = steps(fields, top=place + "restore_point: daily\n", hosts="web")
    assert (found("OP281", backup("daily"), written) == ()) is is_covered


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ("command: [mysql, '-p{{ password }}']", True),
        ("command: [cat], stdin: '{{ password }}'", False),
        ("command: [mysql], environment: {MYSQL_PWD: '{{ password }}'}", False),
        ("fabric: {task: x, arguments: {password: '{{ password }}'}}", True),
        ("manual: {en: 'type {{ password }}'}", True),
        ("check: [{command: {run: [mysql, '-p{{ password }}']}}]", True),
        ("command: [x], rollback: {command: [mysql, '-p{{ password }}']}", True),
        ("script: 'mysql -p\"$password\" oa'", True),
        ("script: 'printf %s \"$password\" | mysql oa'", False),
        ("script: 'MYSQL_PWD=\"$password\" mysql oa'", False),
        ("ansible: [{ansible.builtin.uri: {url: 'http://localhost/', password: '{{ password }}'}}]", True),
        (
            "ansible: [{ansible.builtin.uri: {url: 'http://localhost/', password: '{{ password }}'}, no_log: true}]",
            False,
        ),
        ("ansible: [{ansible.builtin.command: 'mysql -p{{ password }}', no_log: true}]", True),
    ],
)
def test_a_secret_is_passed_where_nobody_else_sees_it(fields: str, *, is_open: bool) -> None:
    assert bool(found("OP285", steps(fields, top=SECRET), files=FABFILE)) is is_open


@pytest.mark.parametrize(
    "arguments",
    [
        ["mysql", "--password", "Kitten7-lamp"],
        ["curl", "--token", "Kitten7-lamp"],
        ["mysql", "--password=Kitten7-lamp"],
        ["curl", "http://oa:Kitten7-lamp@localhost/"],
    ],
)
def test_a_secret_that_is_written_into_arguments_is_found_and_not_repeated(arguments: list[str]) -> None:
    findings = found("OP285", steps(f"command: {json.dumps(arguments)}"))
    assert findings
    assert "Kitten7" not in repr(findings)


@pytest.mark.parametrize("arguments", [["x", "--password-file", "/etc/x"], ["x", "--token", "{{ host }}"], ["x", "-p"]])
def test_what_only_names_a_secret_is_none(arguments: list[str]) -> None:
    assert found("OP285", steps(f"command: {json.dumps(arguments)}")) == ()
