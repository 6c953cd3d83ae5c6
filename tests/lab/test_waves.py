"""Waves on hosts: a canary that breaks nginx is rolled back and stops the rest, hosts that are down count."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from contracts import Contract, moving, small, until
from labkit import Lab
from patient import noted

from opspact.ledger.run_events import StageFinished, StageStarted
from opspact.ledger.store import open_ledger

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: shop
hosts: app1:db1
owner: crew
packages: [nginx]
files: [{path: /etc/nginx/conf.d/shop.conf, source: files/shop, reloads: nginx.service}]
units: [nginx.service]
normal: [{http: {url: "http://127.0.0.1:8097/", status: 200}}]
---
kind: rollout
name: default
waves: [{hosts: app1}, {pause: look}, {percent: 100}]
gate: {settle: 1s}
"""
MANY = "kind: rollout\nname: default\nwaves: [{count: 4}, {percent: 50}, {percent: 100}]\ngate: {max_failures: 1}\n"
BLACKOUT = """\
---
kind: window
name: holidays
type: blackout
hosts: all
when: {{days: {first}..{last}}}
"""
SITE = "server {{ listen 127.0.0.1:8097; location / {{ return {status} '{text}'; }} }}\n"
ASK = "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:8097/\").read().decode())'"


def change(contract: Contract, *, status: int, text: str) -> None:
    contract.write("files/shop", SITE.format(status=status, text=text))
    contract.commit()


def stages(contract: Contract) -> list[str]:
    """Return how each stage ended, in order."""
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        found = list(ledger.read(StageFinished, contract=contract.name))
    return [f"{each.event.stage} {each.event.outcome.value}" for each in found]


def begun(contract: Contract) -> list[str]:
    """Return the stages that were begun, in order."""
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        return [each.event.stage for each in ledger.read(StageStarted, contract=contract.name)]


def test_a_canary_that_breaks_nginx_stops_the_rollout_and_is_rolled_back(two_databases: Lab) -> None:
    with small(two_databases, "shop", POLICIES) as contract:
        change(contract, status=200, text="one")
        contract.good("apply", "--yes")
        untouched = two_databases.root("db1", "stat -c '%Z %i' /etc/nginx/conf.d/shop.conf").out

        change(contract, status=500, text="two")
        failed = contract.run("apply", "--yes", "--format", "json")
        assert failed.code == 3, failed.err
        assert any("app1: back at commit" in note for note in failed.json["notes"])
        assert (failed.of_host("db1")["started"], failed.of_host("app1")["started"]) == (False, True)
        assert stages(contract) == ["converge done", "wave-1 failed", "rollback-1 done"]
        assert two_databases.root("app1", ASK).out == "one\n"
        assert two_databases.root("db1", "stat -c '%Z %i' /etc/nginx/conf.d/shop.conf").out == untouched

        contract.change("policies/all.yaml", " {pause: look},", "")
        change(contract, status=200, text="three")
        assert contract.run("apply", "--yes").code == 1
        assert contract.run("apply", "--yes").code == 1  # the pause of the base counts until a person continues
        assert stages(contract)[3:] == ["wave-1 done", "pause-1 stopped", "pause-1 stopped"]
        two_databases.stop("db1")
        down = contract.run("apply", "--resume", "--yes")  # a host that is down has failed
        assert (down.code, stages(contract)[6:]) == (3, ["pause-1 done", "wave-1 failed"]), down.err
        two_databases.up()
        contract.good("apply", "--resume", "--yes")
        assert stages(contract)[8:] == ["wave-1 done"]
        assert [two_databases.root(host, ASK).out for host in ("app1", "db1")] == ["three\n", "three\n"]
        contract.good("verify")


@pytest.mark.soak
def test_a_freeze_between_two_waves_stops_the_rest_until_it_ends(two_databases: Lab) -> None:
    slowly = POLICIES.replace("{pause: look}, ", "").replace("settle: 1s", "settle: 20s")
    with small(two_databases, "shop", slowly) as contract:
        change(contract, status=200, text="one")
        contract.good("apply", "--yes")
        change(contract, status=200, text="two")
        with ThreadPoolExecutor(1) as pool:
            applying = pool.submit(contract.run, "apply", "--yes")
            while two_databases.root("app1", ASK).out != "two\n" and not applying.done():
                time.sleep(0.2)
            contract.good("freeze", "--reason", "audit", "--until", f"{datetime.now(UTC) + timedelta(hours=1):%FT%TZ}")
            stopped = applying.result()
        assert (stopped.code, "wave-2 may not begin" in stopped.out) == (1, True), stopped.out + stopped.err
        assert "has frozen all changes" in stopped.out
        assert [two_databases.root(host, ASK).out for host in ("app1", "db1")] == ["two\n", "one\n"]
        assert contract.run("apply", "--resume", "--yes").code == 2
        contract.good("freeze", "--end", "--reason", "audit is over")
        contract.good("apply", "--resume", "--yes")
        assert two_databases.root("db1", ASK).out == "two\n"


@pytest.mark.skipif("FAKETIME" in os.environ, reason="the clock of these tests is moved already")
def test_a_blackout_that_begins_between_two_waves_stops_the_rest_until_it_is_over(two_databases: Lab) -> None:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    blackout = BLACKOUT.format(first=today + timedelta(2), last=today + timedelta(3))
    with small(two_databases, "shop", POLICIES.replace("{pause: look}, ", "") + blackout) as contract:
        clock = contract.home / "clock"
        clock.write_text("+0d\n")
        later = moving(clock)
        change(contract, status=200, text="one")
        contract.good("apply", "--yes", **later)
        change(contract, status=200, text="two")
        with ThreadPoolExecutor(1) as pool:
            applying = pool.submit(contract.run, "apply", "--yes", **later)
            until(lambda: "wave-1" in begun(contract) or applying.done(), within=240)
            clock.write_text("+2d\n")
            stopped = applying.result()
        assert (stopped.code, "wave-2 may not begin" in stopped.out) == (1, True), stopped.out + stopped.err
        assert "blackout holidays" in stopped.out
        assert [two_databases.root(host, ASK).out for host in ("app1", "db1")] == ["two\n", "one\n"]
        assert contract.run("apply", "--resume", "--yes", **later).code == 2
        clock.write_text("+5d\n")
        contract.good("apply", "--resume", "--yes", **later)
        assert two_databases.root("db1", ASK).out == "two\n"


@pytest.mark.soak
def test_of_24_hosts_5_are_down_and_the_wave_with_too_many_of_them_stops_the_rest(many_hosts: Lab) -> None:
    with noted(many_hosts, "many", hosts="all") as contract:
        contract.write("policies/rollout.yaml", MANY)
        contract.commit()
        contract.good("apply", "--yes")
        contract.write("files/note", "second\n")
        contract.commit()
        plan = contract.good("plan", "--live", "--format", "json").json
        first, second, third = (wave["hosts"] for wave in plan["waves"])
        assert (len(first), len(second), len(third)) == (4, 8, 12)
        down = (first[0], second[1], second[6], third[0], third[11])
        for host in down:
            many_hosts.stop(host)

        failed = contract.run("apply", "--yes", "--format", "json")
        assert failed.code == 3, failed.err
        gate = f"wave-2 failed its gate: 2 of 8 hosts failed ({second[1]}, {second[6]}), at most 1 may"
        assert gate in failed.json["notes"]
        assert [failed.of_host(host)["started"] for host in third] == [False] * 12
        assert stages(contract)[1:] == ["wave-1 done", "wave-2 failed", "rollback-2 done"]
        up = [host for host in (*first, *second, *third) if host not in down]
        notes = {host: many_hosts.root(host, "cat /srv/many-note").out for host in up}
        assert notes == {host: "second\n" if host in first else "noted\n" for host in up}

        many_hosts.up()
        contract.good("apply", "--resume", "--yes")
        contract.good("verify")
        assert {many_hosts.root(host, "cat /srv/many-note").out for host in many_hosts.hosts} == {"second\n"}
