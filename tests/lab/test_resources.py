"""Installers and spare parts: hosts of Debian 12 and 13 check the files of the library, people count the spares."""

from collections.abc import Iterator

import pytest
from contracts import Contract, later, small
from labkit import Lab

pytestmark = pytest.mark.lab

FILE = "/srv/library/installer-5.2.bin"
HOSTS = {"app1": "13", "app2": "12"}
CLAUSE = """\
kind: clause
name: {}
section: "3"
text: {{zh: 承诺, en: Promise}}
kept_by: opspact
evidence_within: 92 days
---
"""
EMERGENCY = """\
kind: runbook
name: reinstall
text: {zh: 重新安装, en: Reinstall}
risk: read-only
hosts: db
steps: [{name: running, text: {zh: 是否运行, en: Is it running?}, check: [{unit: x.service}]}]
---
kind: emergency
name: will-not-start
symptoms: {zh: [无法启动], en: [will not start]}
prevention: [{library: on-app1}]
runbook: reinstall
---
"""
LIBRARY = """\
kind: library
name: on-{host}
clauses: [G2]
version: "5.2"
sha256: {sha256}
host: {host}
path: {file}
for: {{emergency: will-not-start}}
owner: crew
checked: monthly on day 1 at 03:00
---
"""
SPARE = """\
kind: device
name: switch
address: 198.51.100.1
probed_from: app1
normal: [{ping: {}}]
---
kind: person
name: li-na
teams: [crew]
from: 2026-01-01
---
kind: spare
name: switch
clauses: [B5]
for: {device: switch}
where: {zh: 备件库, en: spare parts store}
owner: li-na
minimum: 2
ready_within: 4h
checked: daily at 00:00
"""
PUT = "install -d /srv/library && seq 500000 >{0} && sha256sum {0}"  # several pieces of what is read at once
FLIP = "printf 'P' | dd of={} bs=1 seek=2000000 conv=notrunc status=none"


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    digests = {two_releases.root(host, PUT.format(FILE)).out.split()[0] for host in HOSTS}
    (digest,) = digests
    libraries = "".join(LIBRARY.format(host=host, sha256=digest, file=FILE) for host in HOSTS)
    policies = "".join(map(CLAUSE.format, ("B5", "G2"))) + EMERGENCY + libraries + SPARE
    with small(two_releases, "resources", policies) as made:
        made.good("apply", "--yes")
        yield made


def states(contract: Contract, clause: str, **environment: str) -> dict[tuple[str, str], str]:
    """Return how what a clause rests on stands: by subject and obligation."""
    traced = contract.run("trace", clause, "--format", "json", **environment).json
    owed = [each for policy in traced["policies"] for each in policy["obligations"]]
    return {(each["subject"], each["obligation"]): each["state"] for each in owed}


def checked(contract: Contract, host: str) -> tuple[int, str, str]:
    """Check the installer of a host now; return the exit code, the outcome and the verdict."""
    ran = contract.run("library", "check", f"on-{host}", "--format", "json")
    (result,) = ran.json["results"]
    return ran.code, result["outcome"], result["verdict"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_checks_the_file_itself_and_says_what_is_wrong(two_releases: Lab, contract: Contract, host: str) -> None:
    two_releases.root(host, f"cp --preserve {FILE} {FILE}.good")
    owed = (f"host/{host}", "intact installer")
    assert checked(contract, host) == (0, "done", "ok")
    assert states(contract, "G2")[owed] == "kept"
    for break_it in (
        FLIP.format(FILE),
        f"ln --symbolic --force {FILE}.good {FILE}",
        f"rm {FILE} && mkdir {FILE}",
        f"rmdir {FILE} && mkfifo {FILE}",
        f"rm {FILE}",
    ):
        assert two_releases.root(host, break_it).rc == 0
        assert checked(contract, host) == (1, "failed", "critical")
        assert states(contract, "G2")[owed] == "failed"
        assert contract.run("status").code == 1
    two_releases.root(host, f"cp --preserve {FILE}.good {FILE} && chmod 0666 {FILE}")
    assert checked(contract, host) == (0, "done", "warning")
    two_releases.root(host, f"chmod 0644 {FILE}")
    assert checked(contract, host) == (0, "done", "ok")
    assert states(contract, "G2")[owed] == "kept"


def test_results_wait_while_nobody_collects_and_the_failed_one_is_seen(two_releases: Lab, contract: Contract) -> None:
    unit = "opspact-library-on-app2.service"
    again = f"systemctl reset-failed {unit}; systemctl start {unit}"
    contract.good("inspect", "collect")
    assert two_releases.root("app2", again).rc == 0
    assert two_releases.root("app2", f"echo more >>{FILE}; {again}").rc != 0
    found = contract.good("inspect", "collect", "--format", "json").json
    assert (found["new"]["ok"], found["new"]["critical"]) == (1, 1)
    assert [(one["job"], one["outcome"]) for one in found["results"]] == [("library/on-app2", "failed")]  # the newest
    assert states(contract, "G2")["host/app2", "intact installer"] == "failed"
    assert two_releases.root("app2", f"cp --preserve {FILE}.good {FILE}; {again}").rc == 0
    contract.good("inspect", "collect")
    assert states(contract, "G2")["host/app2", "intact installer"] == "kept"


def test_somebody_who_asks_once_more_is_not_refused_because_the_unit_was_started_often(
    two_releases: Lab, contract: Contract
) -> None:
    unit = "opspact-library-on-app2.service"
    often = f"while systemctl start {unit}; do :; done; systemctl show --property=Result --value {unit}"
    assert two_releases.root("app2", often).out == "start-limit-hit\n"
    assert checked(contract, "app2") == (0, "done", "ok")


def test_too_few_spares_fail_and_a_count_that_nobody_records_is_late(contract: Contract) -> None:
    count, minimum = ("spare/switch", "stock count"), ("spare/switch", "minimum stock")
    assert states(contract, "B5")[minimum] == "unknown"
    few = contract.run("record", "spare/switch", "--by", "li-na", "--found", "1")
    assert few.code == 1
    assert states(contract, "B5") == {count: "kept", minimum: "failed"}
    contract.good("record", "spare/switch", "--by", "li-na", "--found", "2", "--note", "one was bought")
    assert states(contract, "B5") == {count: "kept", minimum: "kept"}
    assert states(contract, "B5", **later(4)) == {count: "late", minimum: "kept"}
    assert states(contract, "B5", **later(100)) == {count: "late", minimum: "late"}
