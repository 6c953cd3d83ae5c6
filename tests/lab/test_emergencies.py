"""The nine emergencies of the reference contract: the fault made for real, cured by its runbook, the host as it was.

Seven are drills. The application that does not start and the lost host are run as they are when it is no drill: with an
approval by somebody else, and with what people do in between. The tests share the hosts and go in the order written.
The time to cure of each is printed at the end.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from contracts import Contract, Said, reference
from labkit import Lab
from own_key import make_key, public

pytestmark = pytest.mark.lab

VERSIONS = {"lab": "15", "two_releases": "17"}
"""The version of PostgreSQL on the database server of each lab."""
PAGE = 'python3 -c "import urllib.request as r; print(r.urlopen(\\"http://localhost/\\", timeout=5).read().decode())"'
COUNTED = "select count(*), md5(string_agg(t::text, chr(10) order by t::text)) from {} t"


@dataclass
class Site:
    """A lab under the reference contract: its web server and its database, the key of who approves, times to cure."""

    lab: Lab
    contract: Contract
    key: Path
    web: str
    database: str = "db1"
    cured: dict[str, float] = field(default_factory=dict)

    def run(self, *arguments: str) -> Said:
        """Run opspact as He Jing, who is on the hotline and approves nothing."""
        return self.contract.run(*arguments, OPSPACT_ACTOR="he-jing")

    def drill(self, emergency: str, host: str, *answers: str) -> dict[str, Any]:
        """Rehearse an emergency; return what came of it, once it is cured and the host is as its policies say."""
        given = [word for answer in answers for word in ("--answer", answer)]
        said = self.run("runbook", "drill", emergency, "--on", host, *given, "--format", "json")
        assert said.code == 0, said
        (drill,) = said.json["drills"]
        assert (drill["outcome"], drill["host"]) == ("done", host)
        assert (drill["noticed"] is not None) == bool(drill["noticed_by"])
        self.cured[emergency] = drill["seconds_to_cure"]
        self.is_normal(host)
        self.has_transcript(drill["fault_run"], drill["runbook_run"])
        found: dict[str, Any] = drill
        return found

    def is_normal(self, *hosts: str) -> None:
        """Demand that hosts are what their policies say, and that the page is served on the web server."""
        self.contract.good("verify", *hosts)
        assert "OA" in self.lab.root(self.web, PAGE).out

    def has_transcript(self, *runs: str) -> None:
        """Demand that every stage of these runs was begun and has ended, and that each of their steps was recorded."""
        events = self.events()
        for run in runs:
            of_run = [each for each in events if each["subject"] == f"run/{run}"]
            (stages,) = {tuple(each["body"]["stages"]) for each in of_run if each["kind"] == "run.started"}
            found = {
                kind: {each["body"][key] for each in of_run if each["kind"] == kind}
                for kind, key in (("stage.started", "stage"), ("stage.finished", "stage"), ("runbook.step", "step"))
            }
            assert list(found.values()) == [set(stages)] * len(found)

    def events(self) -> list[Any]:
        said = self.contract.good("ledger", "show", "--last", "500", "--format", "json")
        return list(said.json["events"])

    def rows(self, table: str) -> str:
        query = COUNTED.format(table)
        done = self.lab.root(self.database, f"cd / && runuser -u postgres -- psql -XAt -d oa -c '{query}'")
        assert done.rc == 0, done
        return done.out

    def step(self, run: str, name: str) -> dict[str, Any]:
        """Return what is recorded of the last time that a step was carried out."""
        steps = [each["body"] for each in self.events() if each["kind"] == "runbook.step"]
        found: dict[str, Any] = [each for each in steps if (each["run"], each["step"]) == (run, name)][-1]
        return found


@pytest.fixture(scope="module", params=["lab", pytest.param("two_releases", marks=pytest.mark.soak)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    lab: Lab = request.getfixturevalue(request.param)
    lab.up()
    web = "app2" if request.param == "lab" else "app1"  # of Debian 12 and of 13
    key = make_key(tmp_path_factory.mktemp("keys"), "zhao-min")
    with reference(lab) as contract:
        contract.write("inventory/host_vars/db1.yaml", f"postgresql_version: {VERSIONS[request.param]}\n")
        contract.write("inventory/group_vars/web.yaml", "opspact_rehearsal: true\n")
        contract.write("inventory/group_vars/site_a.yaml", "opspact_rehearsal: true\n")
        contract.commit()
        contract.good("apply", "--yes")
        contract.change(
            "policies/people.yaml",
            "teams: [project-manager]\nfrom: 2026-01-01\n",
            f"teams: [project-manager]\nfrom: 2026-01-01\nsigning_keys: [{{key: {public(key)}}}]\n",
        )
        contract.commit()
        contract.good("apply", "--yes")  # with nothing to approve
        contract.good("backup", "run", "daily-incremental")
        contract.good("backup", "run", "system-files", "--limit", web)
        contract.good("backup", "drill", "daily-incremental")
        made = Site(lab, contract, key, web)
        yield made
        capture = request.config.pluginmanager.get_plugin("capturemanager")
        assert capture is not None
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\n{request.param}: seconds to cure: {json.dumps(made.cured)}\n")
    if request.param == "lab":
        lab.reset(*lab.hosts)


def test_an_application_that_does_not_start_is_reinstalled_once_somebody_else_has_approved(site: Site) -> None:
    fault = "systemctl stop nginx; rm /usr/sbin/nginx; systemctl start nginx; systemctl is-active nginx"
    assert site.lab.root(site.web, f"echo data >/srv/oa/data; {fault}").rc != 0
    began = time.monotonic()
    arguments = ("--host", site.web, "--confirm", site.web, "--format", "json")
    waiting = site.run("runbook", "run", "reinstall-application", *arguments)
    assert (waiting.code, waiting.json["outcome"]) == (1, "waiting"), waiting
    run = waiting.json["run"]
    assert site.lab.root(site.web, "test -e /usr/sbin/nginx").rc != 0
    site.contract.good("runbook", "approve", run, "--key", str(site.key), OPSPACT_ACTOR="zhao-min")
    done = site.run("runbook", "resume", run)
    assert done.code == 0, done
    site.cured["application-will-not-start"] = round(time.monotonic() - began, 1)
    assert site.lab.root(site.web, "cat /srv/oa/data; rm /srv/oa/data").out == "data\n"
    assert site.step(run, "find-cause")["values"] == {"cause": "program"}
    site.is_normal(site.web)
    site.has_transcript(run)


def test_an_application_that_dies_is_repaired_by_its_cause(site: Site) -> None:
    drill = site.drill("application-closes-with-an-error", site.web)
    assert site.step(drill["runbook_run"], "find-cause")["values"] == {"cause": "configuration"}
    assert site.lab.root(site.web, "grep -c 'worker_connections none' /etc/nginx/nginx.conf").out == "0\n"


@pytest.mark.soak
def test_a_database_that_dies_of_a_full_disk_is_given_space(site: Site) -> None:
    """The second cause: nothing of the database is moved, and what is moved is kept."""
    before, host = site.rows("document"), site.database
    version = site.lab.root(host, "pg_lsclusters --no-header").out.split()[0]
    unit = f"postgresql@{version}-main.service"
    site.lab.root(host, f"systemctl stop {unit}")
    site.lab.fill(host, "/var/lib/postgresql")
    try:
        site.lab.root(host, f"systemctl start {unit}")
        assert site.lab.root(host, "cd / && runuser -u postgres -- psql -d oa -c 'select 1'").rc != 0
        arguments = ("--host", host, "--input", f"service={unit}", "--answer", "free-disk-space-agree-to-move=done")
        said = site.run("runbook", "run", "repair-application", *arguments, "--format", "json")
        assert said.code == 0, said
        run = said.json["run"]
        assert site.step(run, "find-cause")["values"] == {"cause": "disk"}
        assert site.lab.root(host, f"ls -A /var/backups/opspact/{run}").out == ".filled-by-the-lab\n"
        assert site.rows("document") == before
    finally:
        site.lab.root(host, f"systemctl stop {unit}; rm -rf /var/backups/opspact")
        site.lab.unfill(host)
        site.lab.root(host, f"systemctl start {unit}")
    assert site.rows("document") == before


def test_a_process_that_starves_a_host_is_treated_with_consent(site: Site) -> None:
    drill = site.drill("operating-system-overloaded", site.web)
    found = site.step(drill["runbook_run"], "find-process")["values"]
    assert (found["unit"], found["disk"]) == ("rehearsal-runaway.service", "ok")
    assert site.lab.root(site.web, "systemctl is-active rehearsal-runaway").out == "inactive\n"


@pytest.mark.soak
@pytest.mark.parametrize("treatment", ["lower", "kill"])
def test_a_process_is_treated_as_was_agreed(site: Site, treatment: str) -> None:
    site.drill("operating-system-overloaded", site.web, f"get-consent.treatment={treatment}")
    nice = site.lab.root(site.web, "ps -o nice= -p $(systemctl show -P MainPID rehearsal-runaway)").out.strip()
    assert nice == ("19" if treatment == "lower" else "")
    site.lab.root(site.web, "systemctl stop rehearsal-runaway; systemctl reset-failed rehearsal-runaway")


def test_a_page_that_fails_is_served_again(site: Site) -> None:
    drill = site.drill("browser-or-control-fails", site.web)
    assert site.step(drill["runbook_run"], "request-page")["values"] == {"where": "permission", "status": "403"}


def test_a_host_with_abnormal_traffic_is_isolated_and_cleaned_after_its_evidence_is_kept(site: Site) -> None:
    drill = site.drill("traffic-or-login-abnormal", site.web)
    folder = site.step(drill["runbook_run"], "collect-evidence")["values"]["folder"]
    looked = "sha256sum --check --quiet digests && ls && grep kworkerd processes"
    kept = site.lab.root(site.web, f"cd {folder} && {looked}")
    assert (kept.rc, "program" in kept.out) == (0, True), kept
    assert "prohibit" in site.step(drill["runbook_run"], "isolate")["output"]
    assert "prohibit" not in site.lab.root(site.web, "ip rule").out
    assert site.lab.root(site.web, "stat -c %a /tmp/.update/kworkerd; rm -r /tmp/.update").out == "0\n"


def test_a_database_that_is_lost_is_back(site: Site) -> None:
    # before the mistake: the restore point that is taken then is a copy without the rows
    before = [site.rows(table) for table in ("document", "audit_trail", "sent_notice")]
    site.drill("database-lost", site.database)
    assert [site.rows(table) for table in ("document", "audit_trail", "sent_notice")] == before


def test_rows_that_were_deleted_by_mistake_are_back(site: Site) -> None:
    before = site.rows("sent_notice")
    drill = site.drill("operating-mistake", site.database)
    compared = site.step(drill["runbook_run"], "compare-rows")["values"]
    assert (compared["rows_now"], compared["rows_then"]) == ("0", before.partition("|")[0])
    assert site.rows("sent_notice") == before


def test_configuration_that_is_lost_is_back(site: Site) -> None:
    listed = "cd /etc/nginx && find . -printf '%p %m %u %l\\n' | sort; sha256sum nginx.conf sites-available/oa"
    before = site.lab.root(site.web, listed).out
    site.drill("configuration-lost", site.web)
    assert site.lab.root(site.web, listed).out == before


def test_a_host_that_is_lost_is_rebuilt_on_a_substitute(site: Site) -> None:
    """What people do is done between the steps: the run waits for them, and nobody else can say that it is done."""
    began = time.monotonic()
    site.lab.reset(site.web)
    answers = ("--answer", "check-copies=done", "--answer", "replace=done", "--answer", "replace.serial=SN-1")
    arguments = ("--host", site.web, "--confirm", site.web, *answers, "--format", "json")
    waiting = site.run("runbook", "run", "replace-hardware", *arguments)
    assert (waiting.code, waiting.json["outcome"]) == (1, "waiting"), waiting
    run = waiting.json["run"]
    site.contract.good("runbook", "approve", run, "--key", str(site.key), OPSPACT_ACTOR="zhao-min")
    waiting = site.run("runbook", "resume", run)
    assert (waiting.code, "rebuild" in waiting.out) == (1, True), waiting
    rebuilt = site.run("rebuild", site.web, "--yes")
    assert rebuilt.code in {0, 1}, rebuilt
    done = site.run("runbook", "resume", run, "--answer", "rebuild=done")
    assert done.code == 0, done
    site.cured["hardware-damaged"] = round(time.monotonic() - began, 1)
    site.is_normal(site.web)
    site.has_transcript(run)


def test_the_clauses_are_kept_by_what_was_rehearsed(site: Site) -> None:
    status = site.contract.run("status", "--format", "json").json["obligations"]
    drills = {each["policy"]: each["state"] for each in status if each["policy"].startswith("emergency/")}
    rehearsed = {f"emergency/{name}" for name in site.cured} - {
        "emergency/application-will-not-start",
        "emergency/hardware-damaged",
    }
    assert {name for name, state in drills.items() if state == "kept"} == rehearsed
    closed = {each["state"] for each in status if each["proof"] == "record" and each["policy"].startswith("runbook/")}
    assert closed == {"kept"}
