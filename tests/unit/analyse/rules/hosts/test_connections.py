"""Edges of the rule about connection variables that no run can follow."""

import pytest
from analysing import found

DAILY = "kind: inspection\nname: daily\nhosts: web\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"
BACKUP = """kind: backup
name: files
hosts: h1
what: {paths: [/srv]}
schedule: daily at 02:00
to: {host: bak1, repository: files}
keep: {daily: 7}
rpo: 26h
rto: 4h
encryption: none
"""


def inventory(variables: str) -> str:
    return (
        f"web: {{hosts: {{h1: {{{variables}}}, h2: {{{variables}}}, h3: }}}}\nrest: {{hosts: {{h4: {{{variables}}}}}}}"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ansible_ssh_pass", "x"),
        ("ansible_become_password", "x"),
        ("ansible_become_method", "su"),
        ("ansible_become_user", "admin"),
        ("ansible_connection", "winrm"),
        ("ansible_host", "'{{ address }}'"),
        ("ansible_host", "192.0.2.1:2222"),
        ("ansible_port", "ssh"),
        ("ansible_port", "70000"),
        ("ansible_port", "0"),
        ("opspact_address", "{a: 1}"),
        ("opspact_address", "[10.0.0.9]"),
        ("opspact_address", "'10.0.0.9:2222'"),
        ("opspact_address", "'[fd00::9]:2222'"),
        ("opspact_address", "'{{ x }}'"),
        ("opspact_address", "a b"),
        ("opspact_address", "li@10.0.0.9"),
        ("opspact_address", "10.0.0.9/x"),
        ("ansible_user", "'-oProxyCommand'"),
        ("ansible_ssh_common_args", '"-o \'x"'),
    ],
)
def test_what_runs_refuse_is_reported_once_for_all_hosts_with_work(variable: str, value: str) -> None:
    (finding,) = found("OP211", DAILY, inventory=inventory(f"{variable}: {value}"))
    assert finding.about == ("h1", "h2")
    assert variable in finding.message


@pytest.mark.parametrize("value", ["'{{ p }}'", "22a"])
def test_a_port_of_a_backup_server_that_no_run_can_follow_is_refused_as_any_other(value: str) -> None:
    hosts = f"web: {{hosts: {{h1: , bak1: {{ansible_port: {value}}}}}}}"
    (finding,) = found("OP211", BACKUP, inventory=hosts)
    assert finding.about == ("bak1",)
    assert "ansible_port" in finding.message


@pytest.mark.parametrize("address", ["10.0.0.9", "fd00::9", "'[fd00::9]'", "bak1.example.com"])
def test_an_address_for_other_hosts_is_fine(address: str) -> None:
    assert found("OP211", DAILY, inventory=inventory(f"opspact_address: {address}")) == ()


def test_a_port_in_an_address_has_a_way_out() -> None:
    (finding,) = found("OP211", DAILY, inventory=inventory("opspact_address: '10.0.0.9:2222'"))
    assert "ansible_port" in finding.help


@pytest.mark.parametrize("variable", ["ansible_user", "ansible_host", "ansible_port", "ansible_become_method"])
def test_a_space_that_nobody_sees_is_named_with_the_value_without_it(variable: str) -> None:
    meant = {"ansible_port": "22", "ansible_become_method": "sudo"}.get(variable, "web-1")
    (finding,) = found("OP211", DAILY, inventory=inventory(f"{variable}: '{meant} '"))
    assert f'"{meant} "' in finding.message
    assert f'"{meant}"' in finding.help


def test_two_variables_are_two_findings_and_no_password_is_shown() -> None:
    findings = found("OP211", DAILY, inventory=inventory("ansible_ssh_pass: hunter2, ansible_become_method: su"))
    assert len(findings) == 2
    assert not any("hunter2" in str(finding) for finding in findings)


def test_what_runs_can_follow_is_fine() -> None:
    way = (
        "ansible_host: 192.0.2.1, ansible_port: 2222, ansible_user: ops, ansible_become: false, ansible_connection: ssh"
    )
    assert found("OP211", DAILY, inventory=inventory(way)) == ()
    arguments = "ansible_ssh_common_args: ' -o ConnectTimeout=3 '"
    assert found("OP211", DAILY, inventory=inventory(arguments)) == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ansible_prot", "ansible_port"),
        ("ansible_hosts", "ansible_host"),
        ("ansible_become_usr", "ansible_become_user"),
        ("ansible_python_interpeter", "ansible_python_interpreter"),
        ("opspact_adress", "opspact_address"),
        ("opspact_sit", "opspact_site"),
        ("opspact_backup_at_once", "opspact_backups_at_once"),
        ("opspact_storge", "opspact_storage"),
    ],
)
def test_a_misspelt_connection_variable_is_told_with_the_right_one(written: str, meant: str) -> None:
    (finding,) = found("OP212", DAILY, inventory=inventory(f"{written}: x"))
    assert written in finding.message
    assert f'"{meant}"' in finding.help


@pytest.mark.parametrize(
    "name",
    [
        "ansible_sudo_user",
        "ansible_winrm_port",
        "ansible_hostname",
        "ansible_ssh_retries",
        "answer_port",
        "prot",
        "opspact_owner",
        "opspact_site",
    ],
)
def test_other_variables_are_nobody_s_mistake(name: str) -> None:
    assert found("OP212", DAILY, inventory=inventory(f"{name}: x")) == ()
