"""What a dry run does and does not do."""

import pytest
from running_runbooks import BACKUP, CALLED, FIRST, FakeDoors, Office, contract_of, runbook, said, step

from opspact.ledger.runbook_events import RunbookStarted, StepOutcome
from opspact.ledger.store import Ledger
from opspact.onhost.redaction import Redactor
from opspact.runbook.attempt import Attempt
from opspact.runbook.doors import Verdict
from opspact.runbook.dry_run import Coverage, DryRun, DryStep, percent

STEPS = (
    FIRST,
    step("look", "check: [{unit: nginx.service}]\non_failure: continue"),
    step("cure", "command: [cure]\nwhen: {look: failed}"),
    step("fine", "command: [fine]\nwhen: {look: done}"),
    step("later", "command: [later]\nwhen: {pid: 7}"),
    step("tasks", "ansible: [{ansible.builtin.ping: {}}]"),
    step("ask", "manual: {en: look}"),
    step("pid", "command: [pid]\ncapture: {pid: {output: true}}\nrollback: {command: [back]}"),
)


def dry(office: Office, doors: FakeDoors) -> list[DryStep]:
    made = office.procedure()
    started = RunbookStarted("dry-run", "try", made.digest, made.targets)
    attempt = Attempt(procedure=made, started=started, operator="li-na", secrets={})
    return list(DryRun(made, attempt.values(), doors, Redactor()).steps())


def coverage(steps: list[DryStep]) -> dict[str, str]:
    return {each.name: each.coverage.value for each in steps}


def test_checks_and_check_mode_are_simulated_and_nothing_else_is_run(ledger: Ledger) -> None:
    doors = FakeDoors()
    doors.verdicts["app1"] = Verdict(StepOutcome.FAILED, "unit nginx.service is not running")
    steps = dry(Office(ledger, contract_of(runbook(*STEPS))), doors)
    assert coverage(steps) == {
        "first": "not simulated",
        "look": "simulated",
        "cure": "not simulated",
        "fine": "skipped",
        "later": "not simulated",
        "tasks": "simulated",
        "ask": "not simulated",
        "pid": "not simulated",
    }
    assert doors.calls == ["check app1", "tasks on app1 in check mode"]
    assert percent(steps) == round(100 * 2 / 7)
    assert "depends on pid" in steps[4].found
    assert steps[1].outcome is StepOutcome.FAILED
    assert ledger.head().sequence == 0


def read_only(*steps: str, head: str = "") -> str:
    return runbook(*steps, head=head).replace("risk: reversible", "risk: read-only")


def test_commands_of_a_read_only_runbook_are_run_and_their_values_known(ledger: Ledger) -> None:
    text = read_only(
        step("pid", "command: [pgrep, nginx]\ncapture: {pid: {output: true}}"),
        step("seven", 'command: [ps, "{{ pid }}"]\nwhen: {pid: "7"}'),
        step("lines", "script: ps $pid | wc -l"),
    )
    doors = FakeDoors({"pgrep nginx": said("7\n")})
    steps = dry(Office(ledger, contract_of(text)), doors)
    assert set(coverage(steps).values()) == {"simulated"}
    assert doors.calls == ["app1: pgrep nginx", "app1: ps 7", "app1: ps $pid | wc -l"]


@pytest.mark.parametrize(
    "fields",
    [
        "command: [touch, /srv/x]\nidempotent: true",
        "command: [/opt/oa/report]\nidempotent: true",
        "command: [sh, -c, 'df | tee /srv/x']\nidempotent: true",
        "script: rm -rf /srv/x\nidempotent: true",
        "script: ls $(rm /srv/x)\nidempotent: true",
        "command: [ls]\nenvironment: {LD_PRELOAD: /tmp/x.so}\nidempotent: true",
        "check: [{command: {run: [rm, -rf, /srv/x]}}]",
        "wait: {until: [{command: {run: [/opt/oa/cleanup]}}], every: 5s}",
        "ansible: [{ansible.builtin.include_tasks: /srv/tasks.yml}]",
        "ansible: [{community.postgresql.postgresql_query: {query: select pg_terminate_backend(7)}}]",
        "ansible: [{ansible.builtin.ping: {}, vars: {ansible_python_interpreter: /tmp/x}}]",
        "ansible: [{ansible.builtin.set_fact: 'ansible_become_exe=/tmp/x'}]",
        "ansible: [{ansible.builtin.ping: {}, loop: [/x], loop_control: {loop_var: ansible_python_interpreter}}]",
        "ansible: [{ansible.builtin.template: {src: /srv/x.j2, dest: /srv/x}}]",
        "ansible: [{ansible.builtin.setup: {fact_path: /srv/facts}}]",
        "ansible: [{ansible.posix.synchronize: {src: /srv, dest: /srv}}]",
        "ansible: [{ansible.builtin.service: {name: nginx, state: restarted}}]",
        "ansible: [{ansible.builtin.service: {name: nginx}, args: {use: x}}]",
        "ansible: [{ansible.builtin.apt: {name: tree, dpkg_options: x}}]",
        "ansible: [{ansible.builtin.apt: {name: '-oDir::Bin::dpkg=/tmp/x'}}]",
        "ansible: [{ansible.builtin.apt: {name: tree}, args: {deb: /tmp/x}}]",
        "ansible: [{ansible.builtin.set_fact: {x: y, cacheable: true}}]",
        "ansible: [{ansible.builtin.slurp: {src: /dev/watchdog}}]",
        "ansible: [{ansible.builtin.slurp: {src: '{{ host }}'}}]",
        "ansible: [{ansible.builtin.raw: rm /srv/x}]",
        "ansible: [{ansible.builtin.ping: {}, environment: {PATH: /tmp}}]",
        "ansible: [{ansible.builtin.ping: {}, environment: '{{ x }}'}]",
        'ansible: [{ansible.builtin.ping: {}, when: \'lookup("pipe", "touch /srv/x")\'}]',
        'ansible: [{ansible.builtin.debug: {msg: [\'{{ query("pipe", "touch /srv/x") }}\']}}]',
    ],
)
def test_what_might_change_something_is_left_out_whatever_the_runbook_says(ledger: Ledger, fields: str) -> None:
    doors = FakeDoors()
    steps = dry(Office(ledger, contract_of(read_only(step("a", fields)))), doors)
    assert [each.coverage for each in steps] == [Coverage.NOT_SIMULATED]
    assert doors.calls == []


@pytest.mark.parametrize(
    "task",
    [
        "ansible.builtin.command: rm -rf /srv/x",
        "ansible.builtin.service: {name: nginx, state: restarted, use: systemd}",
        "ansible.builtin.systemd_service: {name: nginx, state: restarted}",
        "ansible.builtin.apt: {name: [tree, 'nginx=1.2*'], state: present}",
        "ansible.builtin.copy: {dest: /srv/x, content: x}",
        "ansible.builtin.slurp: {src: /etc/motd}",
        "ansible.builtin.set_fact: {x: y}",
    ],
)
def test_tasks_that_do_nothing_in_check_mode_are_simulated(ledger: Ledger, task: str) -> None:
    doors = FakeDoors()
    dry(Office(ledger, contract_of(runbook(step("a", f"ansible: [{{{task}}}]")))), doors)
    assert doors.calls == ["tasks on app1 in check mode"]


def test_a_captured_secret_is_not_shown(ledger: Ledger) -> None:
    text = read_only(
        step("read", "command: [cat, /etc/app.conf]\ncapture: {word: {pattern: 'password=(\\S+)'}}"),
        step("use", "command: [mysql, '-p{{ word }}']"),
        step("odd", "command: [cat, '{{ word }}']"),
        step("check", "check: [{file: '/srv/{{ word }}'}]"),
    )
    doors = FakeDoors({"cat /etc/app.conf": said("password=Canary77x\n"), "cat Canary77x": said("", 1, "no Canary77x")})
    doors.verdicts["app1"] = Verdict(StepOutcome.FAILED, "there is no /srv/Canary77x")
    steps = dry(Office(ledger, contract_of(text)), doors)
    assert [each.coverage.value for each in steps] == ["simulated", "not simulated", "simulated", "simulated"]
    assert steps[1].command == ("mysql", "-p[redacted]")
    assert "app1: cat Canary77x" in doors.calls
    assert "Canary" not in repr(steps)


def test_a_script_is_left_out_when_a_value_names_a_device(ledger: Ledger) -> None:
    text = read_only(
        step("x", "command: [echo, x]\ncapture: {x: {output: true}}"),
        step("a", "script: cat $x\nidempotent: true"),
    )
    steps = dry(Office(ledger, contract_of(text)), FakeDoors({"echo x": said("/dev/watchdog")}))
    assert (steps[1].coverage, "device" in steps[1].found) == (Coverage.NOT_SIMULATED, True)


def test_a_command_is_judged_with_its_values(ledger: Ledger) -> None:
    text = read_only(
        step("option", "command: [echo, -delete]\ncapture: {option: {output: true}}"),
        step("find", 'command: [find, /srv, "{{ option }}"]'),
        step("check", 'check: [{command: {run: [find, /srv, "{{ option }}"]}}]'),
    )
    doors = FakeDoors({"echo -delete": said("-delete\n")})
    assert list(coverage(dry(Office(ledger, contract_of(text)), doors)).values()) == [
        "simulated",
        "not simulated",
        "not simulated",
    ]


def test_checks_are_made_without_the_command_that_might_change_something(ledger: Ledger) -> None:
    checks = "[{unit: nginx.service}, {command: {run: [/opt/oa/test]}}]"
    head = f"preconditions: [{{text: {{zh: 先决, en: first}}, check: {checks}}}]\n"
    office = Office(ledger, contract_of(read_only(step("a", f"check: {checks}"), head=head)))
    doors = FakeDoors()
    steps = dry(office, doors)
    assert coverage(steps) == {"preconditions": "not simulated", "a": "not simulated"}
    assert "/opt/oa/test" in steps[1].found
    doors.verdicts["app1"] = Verdict(StepOutcome.FAILED, "unit nginx.service is not running")
    steps = dry(office, doors)
    assert [each.outcome for each in steps] == [StepOutcome.FAILED, StepOutcome.FAILED], "one that fails decides"
    assert doors.calls == ["check app1"] * 4


@pytest.mark.parametrize(
    "fields",
    [
        'check: [{file: "/tmp/{{ x }}"}]',
        'command: [cat, "{{ x }}"]',
        'script: cat\nstdin: "{{ x }}"',
    ],
)
def test_a_zero_byte_in_a_value_is_said(ledger: Ledger, fields: str) -> None:
    text = read_only(step("x", "command: [printf, x]\ncapture: {x: {output: true}}"), step("a", fields))
    steps = dry(Office(ledger, contract_of(text)), FakeDoors({"printf x": said("a\0b")}))
    assert steps[1].coverage is Coverage.NOT_SIMULATED
    assert "zero byte" in steps[1].found


def test_a_called_runbook_is_not_run_because_the_calling_one_is_read_only(ledger: Ledger) -> None:
    text = runbook(step("call", "runbook: {name: called, inputs: {unit: nginx}}")).replace("reversible", "read-only")
    doors = FakeDoors()
    steps = dry(Office(ledger, contract_of(text, CALLED)), doors)
    assert {each.coverage for each in steps} == {Coverage.NOT_SIMULATED}
    assert doors.calls == []


def test_the_copy_of_a_restore_point_is_looked_up_and_none_is_made(ledger: Ledger) -> None:
    text = runbook(FIRST, head="restore_point: daily\n").replace(
        "without_restore_point: {zh: 没有数据, en: no data}\n", ""
    )
    doors = FakeDoors()
    doors.copy = Verdict(StepOutcome.UNKNOWN, "no check has been made yet")
    steps = dry(Office(ledger, contract_of(text, policies=(BACKUP,))), doors)
    assert (steps[0].name, steps[0].outcome) == ("restore-point", StepOutcome.UNKNOWN)
    assert doors.calls == ["copies of daily"]
