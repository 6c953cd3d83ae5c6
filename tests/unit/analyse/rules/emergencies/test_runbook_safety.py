"""Edges of the rules about what runbooks destroy: approvals, ways back, and what counts as destroying."""

import json

import pytest
from analysing import found, messages
from building import backup
from reading import named
from runbook_texts import APPROVAL, DESTRUCTIVE, runbook, steps

CONSENT = "approve: lead"
WIPE = "script: 'rm -r /srv/oa', destructive: true"
SECURED = "restore_point: daily\n"


def daily(hosts: str, databases: str = "[]") -> str:
    what = f"what: {{paths: [/etc], databases: {databases}}}"
    return backup("daily").replace("hosts: web", f"hosts: {hosts}").replace("what: {paths: [/etc]}", what)


def lacks(*policies: str, step: int = 1) -> list[str]:
    """Return which of the two that a destructive step needs its finding names."""
    (finding,) = found("OP241", *policies)
    assert (finding.policy, finding.subject) == ("runbook/fix", f"step step-{step}")
    return [each for each in ("approval", "restore point") if each in finding.message]


def test_a_destructive_step_needs_both_an_approval_before_it_and_a_way_back() -> None:
    assert lacks(steps(WIPE)) == ["approval", "restore point"]
    assert lacks(DESTRUCTIVE, steps(CONSENT, WIPE), step=2) == ["restore point"]
    assert lacks(daily("db"), steps(WIPE, top=SECURED)) == ["approval"]
    assert lacks(DESTRUCTIVE, daily("db"), steps(WIPE, CONSENT, top=SECURED)) == ["approval"], "it comes too late"
    assert messages("OP241", DESTRUCTIVE, daily("db"), steps(CONSENT, WIPE, top=SECURED)) == []


def test_an_approval_that_may_be_skipped_or_is_for_something_else_is_none() -> None:
    skipped = CONSENT + ", when: {cause: disk}"
    assert lacks(DESTRUCTIVE, daily("db"), steps(skipped, WIPE, top=SECURED), step=2) == ["approval"]
    other = APPROVAL + "for: [pause]\n"
    assert lacks(other, daily("db"), steps(CONSENT, WIPE, top=SECURED), step=2) == ["approval"]


CAUSE = "inputs: {cause: {text: {en: cause}, choice: [disk, memory]}}\n"
LOOK = "command: [x], capture: {cause: {output: true}}"
BY_CAUSE = ", when: {cause: disk}"


def is_approved(*written: str, top: str = "", hosts: str = "db") -> bool:
    more = top + SECURED
    return not messages("OP241", DESTRUCTIVE, daily("web:db"), steps(*written, top=more, hosts=hosts))


def test_an_approval_by_the_same_condition_is_waited_for_when_the_values_are_the_same() -> None:
    both = (CONSENT + BY_CAUSE, WIPE + BY_CAUSE)
    assert is_approved(*both, top=CAUSE)
    assert is_approved(LOOK, *both)
    assert not is_approved(CONSENT + BY_CAUSE, WIPE, top=CAUSE)
    assert not is_approved(CONSENT + BY_CAUSE, WIPE + ", when: [{cause: disk}, {cause: memory}]", top=CAUSE)
    assert not is_approved(LOOK, both[0], LOOK, both[1]), "it is captured again between"
    assert not is_approved(LOOK, *both, top="limits: {max_targets: 2}\n", hosts="web"), "each host has its own"
    assert not is_approved(LOOK + ", on: web", *both), "each host has its own"
    ask = "manual: {en: look}, ask: {cause: {text: {en: why}}}"
    assert is_approved(ask, *both, top="limits: {max_targets: 2}\n", hosts="web")


def test_an_approval_by_how_a_step_ended_is_waited_for_when_the_step_is_before() -> None:
    failed = ", when: {step-1: failed}"
    assert is_approved(LOOK + ", on_failure: continue", CONSENT + failed, WIPE + failed)
    later = ", when: {step-2: failed}"
    assert not is_approved(LOOK, CONSENT + later, WIPE + later)


@pytest.mark.parametrize("passes", ["on_failure: continue", "on_failure: ask"])
def test_an_approval_that_fails_and_is_passed_over_is_none(passes: str) -> None:
    written = steps(f"{CONSENT}, {passes}", WIPE, top=SECURED)
    assert lacks(DESTRUCTIVE, daily("db"), written, step=2) == ["approval"]


def test_an_approval_that_a_goto_leads_past_is_none() -> None:
    look = "check: [{file: /x}], on_failure: goto, goto: step-%d"
    past = steps(look % 3, CONSENT, WIPE, top=SECURED)
    assert lacks(DESTRUCTIVE, daily("db"), past, step=3) == ["approval"]
    assert messages("OP241", DESTRUCTIVE, daily("db"), steps(look % 2, CONSENT, WIPE, top=SECURED)) == []
    beyond = steps(look % 4, CONSENT, WIPE, "manual: {en: report}", top=SECURED)
    assert messages("OP241", DESTRUCTIVE, daily("db"), beyond) == []


def test_a_rollback_that_destroys_is_of_a_step_that_says_so() -> None:
    (finding,) = found("OP242", steps("command: [x], rollback: {script: 'rm -r /srv/oa'}"))
    assert finding.subject == "step step-1 rollback"
    assert messages("OP242", steps("command: [x], rollback: {script: 'rm -r /srv/oa'}, destructive: true")) == []


def test_a_restore_point_copies_all_hosts_of_the_step() -> None:
    step = steps(CONSENT, WIPE, top=SECURED, hosts="web:db")
    (finding,) = found("OP241", DESTRUCTIVE, daily("app1"), step)
    assert named(finding, "daily", "app1", "app2", "db1") == {"daily", "app2", "db1"}
    assert messages("OP241", DESTRUCTIVE, daily("web:db"), step) == []
    two = step.replace("restore_point: daily", "restore_point: [daily, weekly]")
    weekly = daily("db").replace("name: daily", "name: weekly")
    assert messages("OP241", DESTRUCTIVE, daily("web"), weekly, two) == []


@pytest.mark.parametrize("command", ["dropdb oa", "psql oa < dump.sql", "rm -r /srv/oa\npg_restore --clean x.dump"])
def test_the_restore_point_of_a_step_that_changes_a_database_dumps_one_there(command: str) -> None:
    step = steps(CONSENT, f"script: {json.dumps(command)}, destructive: true", top=SECURED)
    for backup_ in (daily("web:db"), daily("web:db", "[{postgresql: oa, on: web}]")):
        (finding,) = found("OP241", DESTRUCTIVE, backup_, step)
        assert named(finding, "daily", "database", "app1", "db1") == {"daily", "database", "db1"}
    assert messages("OP241", DESTRUCTIVE, daily("web:db", "[{postgresql: oa, on: db}]"), step) == []
    assert messages("OP241", DESTRUCTIVE, daily("web:db", "[{postgresql: oa}]"), step) == []


def test_a_dump_alone_brings_no_files_back() -> None:
    dump = backup("daily").replace("what: {paths: [/etc]}", "what: {databases: [{postgresql: oa}]}")
    dump = dump.replace("hosts: web", "hosts: db")
    (message,) = messages("OP241", DESTRUCTIVE, dump, steps(CONSENT, WIPE, top=SECURED))
    assert all(name in message for name in ("daily", "db1"))


def test_a_reason_stands_in_for_a_restore_point() -> None:
    lost = "without_restore_point: {en: the data is lost already}\n"
    assert messages("OP241", DESTRUCTIVE, steps(CONSENT, WIPE, top=lost)) == []


@pytest.mark.parametrize(
    "task",
    [
        "{ansible.builtin.file: {path: /srv/oa, state: absent}}",
        "{ansible.builtin.command: rm -rf /srv/oa}",
        "{ansible.builtin.command: {argv: [rm, -rf, /srv/oa]}}",
        "{ansible.builtin.shell: {cmd: 'psql -c \"DROP TABLE document\" oa'}}",
        "{ansible.builtin.apt: {name: postgresql, state: absent, purge: true}}",
        "{ansible.posix.synchronize: {src: /srv/new, dest: /srv/oa, delete: true}}",
        "{community.postgresql.postgresql_db: {name: oa, state: absent}}",
        "{community.postgresql.postgresql_db: {name: oa, state: restore, target: /srv/oa.dump}}",
        "{community.postgresql.postgresql_query: {query: DELETE FROM document}}",
        "{community.docker.docker_volume: {name: oa, state: absent}}",
        "{community.general.parted: {device: /dev/sdb, number: 1, state: absent}}",
    ],
)
def test_a_task_of_ansible_that_destroys_has_to_say_so(task: str) -> None:
    assert len(messages("OP242", steps(f"ansible: [{task}]"))) == 1
    assert messages("OP242", steps(f"ansible: [{task}], destructive: true")) == []


@pytest.mark.parametrize(
    "task",
    [
        "{ansible.builtin.file: {path: /tmp/work, state: absent}}",
        "{ansible.builtin.file: {path: /srv/oa, state: directory}}",
        "{ansible.builtin.service: {name: nginx, state: stopped}}",
        "{ansible.builtin.command: systemctl status nginx}",
        "{community.postgresql.postgresql_query: {query: SELECT 1}}",
    ],
)
def test_a_task_of_ansible_that_destroys_nothing_is_fine(task: str) -> None:
    assert messages("OP242", steps(f"ansible: [{task}]")) == []


@pytest.mark.parametrize("fields", ["check: [%s]", "wait: {until: [%s]}"])
def test_a_check_that_destroys_is_to_be_a_command(fields: str) -> None:
    (finding,) = found("OP242", steps(fields % "{command: {run: [rm, /srv/x]}}"))
    assert "command:" in finding.help
    assert messages("OP242", steps(fields % "{command: {run: [nginx, -t]}}")) == []


def test_a_precondition_destroys_nothing() -> None:
    before = "preconditions: [{text: {en: look}, check: [{command: {run: [rm, /srv/x]}}]}]\n"
    (finding,) = found("OP242", steps("manual: {en: look}", top=before))
    assert (finding.policy, finding.subject) == ("runbook/fix", "precondition 1")


def test_arguments_that_look_like_a_script_are_arguments() -> None:
    assert messages("OP242", steps("command: [logger, 'x; rm -rf /srv/oa']")) == []
    assert len(messages("OP242", steps("command: [rm, -r, '/srv/{{ host }}']"))) == 1
    assert messages("OP242", runbook("echo done")) == []
