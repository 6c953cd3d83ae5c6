"""The main job on the reference contract: everything made from nothing, looked at, broken, fixed, asked for results.

The tests of this file share four hosts and go in the order written: made, then by hand, then broken and fixed.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from contracts import Contract, Said, reference, until
from labkit import Lab, reference_hosts

from opspact.fleet import mitogen_support

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2", "db1", "backup1")
PLACES = "/etc /usr /srv /opt /root /home/* /var/lib/systemd /var/spool/cron"
EVERYTHING = (
    f"find {PLACES} -xdev -not -path '*/.ansible*' -not -path '*__pycache__*' -not -path '*/stamp-*.timer' "
    "-not -type d -printf '%p %y %m %U %G %s %T@\\n' 2>/dev/null | sort"
)
"""Lists every file where steps put something, with mode, owner, size and time of change."""


@pytest.fixture(scope="module")
def fresh(lab: Lab) -> Iterator[Lab]:
    """The lab's hosts, new."""
    lab.down()
    yield lab.up(reference_hosts())
    lab.reset(*HOSTS)


@pytest.fixture(scope="module")
def contract(fresh: Lab) -> Iterator[Contract]:
    with reference(fresh) as made:
        made.good("compile", "--out", str(made.home / "project"))
        yield made


@pytest.fixture(scope="module")
def applied(contract: Contract) -> Said:
    """The first apply."""
    return contract.run("apply", "--yes", "--format", "json")


def by_hand(contract: Contract, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the compiled project with ansible-playbook, as its own words say; mitogen only makes it quicker."""
    plugins = str(mitogen_support.find().plugins)
    quicker = {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": plugins}
    return subprocess.run(
        ["ansible-playbook", "-i", "inventory", "site.yml", *arguments],
        cwd=contract.home / "project",
        env=contract.variables | quicker | {"OPSPACT_SECRET_VAULT_BORG": contract.passphrase},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def recap(said: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, int]]:
    """Return Ansible's closing counts of each host."""
    lines = said.stdout.rpartition("PLAY RECAP")[2].splitlines()[1:]
    split = [line.split(":", 1) for line in lines if ":" in line]
    return {
        name.strip(): {word.split("=")[0]: int(word.split("=")[1]) for word in counts.split()} for name, counts in split
    }


def seen(lab: Lab, command: str, *hosts: str) -> dict[str, str]:
    return {host: lab.root(host, command).out for host in hosts or HOSTS}


def differences(before: dict[str, str], after: dict[str, str]) -> dict[str, set[str]]:
    """Return, for hosts with a difference, the paths that differ between two listings."""
    found = {host: set(before[host].splitlines()) ^ set(after[host].splitlines()) for host in before}
    return {host: {line.split()[0] for line in lines} for host, lines in found.items() if lines}


def test_a_dry_run_by_hand_on_fresh_hosts_does_not_fail_and_changes_nothing(fresh: Lab, contract: Contract) -> None:
    before = seen(fresh, EVERYTHING)
    said = by_hand(contract, "--check")
    counts = recap(said)
    assert (0, sorted(HOSTS)) == (said.returncode, sorted(counts))
    assert {(0, 0)} == {(of_host["failed"], of_host["unreachable"]) for of_host in counts.values()}
    assert all(of_host["changed"] for of_host in counts.values())
    assert differences(before, seen(fresh, EVERYTHING)) == {}


def test_everything_is_made_from_nothing_and_seen_to_be_so(contract: Contract, applied: Said) -> None:
    assert (applied.code, applied.json["converged"], applied.json["ansible_started"]) == (0, True, True)
    assert sorted(HOSTS) == sorted(host["name"] for host in applied.json["hosts"])
    summary = contract.good("verify", "--format", "json").json["summary"]
    assert summary["planned"] == summary["ok"] > 150
    assert (summary["failed"], summary["unknown"]) == (0, 0)
    finished = contract.events("apply.finished")[-1]
    assert (True, True, sorted(HOSTS)) == (
        finished["body"]["is_converged"],
        finished["body"]["ansible_started"],
        sorted(finished["body"]["carrying"]),
    )
    assert len(finished["commit"]) == 40


@pytest.mark.usefixtures("applied")
def test_a_second_apply_has_nothing_to_do_and_does_not_start_ansible(fresh: Lab, contract: Contract) -> None:
    before = seen(fresh, EVERYTHING)
    process = contract.start("apply", "--yes")
    workers: set[str] = set()
    while process.poll() is None:
        workers |= {line for line in contract.processes() if "ansible_worker" in line or "ansible-playbook" in line}
    out, err = process.communicate()
    assert (0, set()) == (process.returncode, workers)
    assert "nothing to do" in out
    assert "Ansible was not started" in out
    assert "Traceback" not in err
    assert "ansible_started" not in contract.events("apply.finished")[-1]["body"]  # false, and defaults are left out
    assert differences(before, seen(fresh, EVERYTHING)) == {}


@pytest.mark.usefixtures("applied")
def test_the_compiled_project_run_by_hand_afterwards_changes_nothing(contract: Contract) -> None:
    said = by_hand(contract)
    counts = recap(said)
    assert (0, sorted(HOSTS)) == (said.returncode, sorted(counts))
    assert {(0, 0, 0)} == {
        (of_host["changed"], of_host["failed"], of_host["unreachable"]) for of_host in counts.values()
    }
    assert contract.passphrase not in said.stdout + said.stderr


MANAGED = (
    "find /etc /srv /usr/local /home/*/.ssh /var/lib/opspact -xdev -type f -not -path '*/spool/*' "
    "-not -path '/var/lib/opspact/python-*' -not -path '/var/lib/opspact/last-apply/*' "
    "-not -path '/var/lib/opspact/units/*.read/*' -printf '%p %C@\\n' | sort"
)
"""What opspact manages, but for its copies of what was there before."""


@pytest.mark.usefixtures("applied")
def test_only_the_hosts_and_steps_that_differ_are_touched(fresh: Lab, contract: Contract) -> None:
    before = seen(fresh, MANAGED)
    assert fresh.root("app2", "sed -i s/80/81/ /etc/nginx/sites-available/oa").rc == 0
    assert fresh.root("db1", "rm /etc/systemd/system/opspact-inspection-daily-servers.timer").rc == 0
    found = contract.run("verify", "--format", "json")
    differing = {
        (host["name"], check["step"], check["policy"])
        for host in found.json["hosts"]
        for check in host["checks"]
        if check["state"] != "ok"
    }
    assert found.code == 1
    assert {
        ("app2", "file /etc/nginx/sites-available/oa", "service/office-automation-web"),
        ("db1", "file /etc/systemd/system/opspact-inspection-daily-servers.timer", "inspection/daily-servers"),
    } <= differing
    assert {"app2", "db1"} == {host for host, _, _ in differing}
    reported = contract.good("apply", "--yes", "--format", "json")
    started = contract.events("apply.started")[-1]["body"]["hosts"]
    timer = "opspact-inspection-daily-servers.timer"
    assert {
        "app2": {"file /etc/nginx/sites-available/oa", "unit nginx.service"},
        "db1": {f"file /etc/systemd/system/{timer}", f"unit {timer}"},
    } == {host: {step for steps in kinds.values() for step in steps} for host, kinds in started.items()}
    assert {} == reported.of_host("app1")["planned"] == reported.of_host("backup1")["planned"]
    manifest, records = "/var/lib/opspact/manifests/office-automation.json", "/var/lib/opspact/units"
    assert {
        "app2": {"/etc/nginx/sites-available/oa", manifest, f"{records}/nginx.service"},
        "db1": {f"/etc/systemd/system/{timer}", manifest, f"{records}/{timer}"},
    } == differences(before, seen(fresh, MANAGED))
    contract.good("verify")


@pytest.mark.usefixtures("applied")
def test_results_of_inspections_are_recorded_once_and_a_critical_one_is_shown_as_such(
    fresh: Lab, contract: Contract
) -> None:
    ran = contract.run("inspect", "run", "daily-servers", "--format", "json")
    assert ran.code in {0, 1}  # a busy machine may be loaded
    assert sorted(HOSTS) == sorted(answer["host"] for answer in ran.json["results"])
    assert len([job for _, job, _ in _results(contract) if job == "inspection/daily-servers"]) == 4
    fresh.root("app1", "systemctl stop nginx.service; systemctl start opspact-inspection-hourly-web.service")
    first = contract.good("inspect", "collect", "--format", "json").json["results"]
    hourly = [result for result in first if result["job"] == "inspection/hourly-web"]  # its timers may be due just now
    assert ("app1", "critical") in [(result["host"], result["verdict"]) for result in hourly]
    contract.good("inspect", "collect", "--format", "json")
    assert len(_results(contract)) == len(set(_results(contract)))
    shown = contract.run("inspect", "show", "hourly-web")
    assert shown.code == 1
    assert "critical" in shown.out
    assert "app1" in shown.out
    run_again = contract.run("inspect", "run", "hourly-web", "--limit", "app1")
    assert (run_again.code, "critical" in run_again.out) == (1, True)
    contract.good("apply", "--yes")
    contract.good("inspect", "run", "hourly-web", "--limit", "app1")


@pytest.mark.usefixtures("applied")
def test_a_backup_is_proved_by_its_result_and_a_failing_dump_never_counts(fresh: Lab, contract: Contract) -> None:
    assert _states_of_the_backup(contract) == (0, {"backup run": "not_due", "copy": "not_due"})
    _hide_the_database(fresh, "oa", "hidden")
    try:
        failed = contract.run("backup", "run", "daily-incremental", "--limit", "db1", "--format", "json")
    finally:
        _hide_the_database(fresh, "hidden", "oa")
    assert (failed.code, _outcomes(failed)) == (3, ["failed"])
    code, states = _states_of_the_backup(contract)
    assert (code, states["backup run"], states["copy"] == "kept") == (1, "failed", False)
    shown = contract.run("backup", "status", "--limit", "db1").out
    assert "daily-incremental" in shown
    assert "failed" in shown
    good = contract.run("backup", "run", "daily-incremental", "--limit", "db1", "--format", "json")
    assert (good.code, _outcomes(good)) == (0, ["done"])
    assert _states_of_the_backup(contract) == (0, {"backup run": "kept", "copy": "kept"})
    assert [event["body"]["result"]["outcome"] for event in _results_of_backups(contract)] == ["failed", "done"]
    until(lambda: not contract.leftovers())


def _states_of_the_backup(contract: Contract) -> tuple[int, dict[str, str]]:
    """Return the exit code of `backup status` for db1, and how that host's daily run and copy stand."""
    status = contract.run("backup", "status", "--limit", "db1", "--format", "json")
    states = {
        owed["obligation"]: owed["state"]
        for owed in status.json["obligations"]
        if (owed["policy"], owed["subject"]) == ("backup/daily-incremental", "host/db1")
    }
    return status.code, {what: states[what] for what in ("backup run", "copy")}


def _results(contract: Contract) -> list[tuple[str, str, int]]:
    """Return the host, job and sequence of every result in the ledger."""
    found = [event["body"]["result"] for event in contract.events("job.result")]
    return [(result["host"], result["job"], result["sequence"]) for result in found]


def _results_of_backups(contract: Contract) -> list[Any]:
    return [event for event in contract.events("job.result") if event["body"]["result"]["job"].startswith("backup/")]


def _outcomes(said: Said) -> list[Any]:
    return [answer["outcome"] for answer in said.json["results"]]


def _hide_the_database(lab: Lab, old: str, new: str) -> None:
    done = lab.root("db1", f"cd /; sudo -u postgres psql -c 'alter database {old} rename to {new}'")
    assert (done.rc, done.err) == (0, "")


@pytest.mark.usefixtures("applied")
def test_the_ledger_holds_who_did_what_from_which_commit(contract: Contract) -> None:
    exported = [json.loads(line) for line in contract.good("ledger", "export").out.splitlines()]
    events = [line for line in exported if line.get("kind", "").startswith("apply.")]
    assert {os.environ.get("OPSPACT_ACTOR") or os.environ.get("SUDO_USER") or "root"} == {
        event["actor"] for event in events
    }
    assert all(event["plan_digest"] for event in events)
