"""What verify reports: nothing is hidden, everything is counted, what is ok is short. Its words: `tests/golden`."""

import json
from xml.etree import ElementTree as ET

from outcomes import MISSING, ORPHAN, WITH_ORPHANS, failed, ok, unreachable, verified

from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import HostManifest
from opspact.report.lines import plain
from opspact.report.verify import verify_lines
from opspact.report.verify_data import verify_json, verify_junit
from opspact.steps.check import HostResult, Reach
from opspact.steps.package import Package


def test_when_all_is_ok_the_result_is_clean_and_one_line() -> None:
    result = verified(ok("app1"), ok("app2"))

    assert result.is_clean
    assert len(verify_lines(result)) == 1


def test_of_very_many_hosts_the_good_ones_share_a_line() -> None:
    text = plain(verify_lines(verified(*(ok(f"app{number}") for number in range(10_000)), failed("db1"))))

    assert len(text.splitlines()) == 6


def test_an_orphan_is_a_finding() -> None:
    result = verified(ok("app1"), manifests={"app1": WITH_ORPHANS})

    assert (result.is_clean, result.orphans) == (False, 2)
    data = json.loads(verify_json(result))
    assert data["summary"]["orphans"] == 2
    assert [(each["step"], each["stays"]) for each in data["hosts"][0]["orphans"]] == [
        ("package <telnet>", False),
        ("package vim", True),
    ]


def test_a_manifest_that_is_not_ok_is_a_finding_of_its_own_and_spoils_no_check() -> None:
    manifests = {"app1": MISSING, "app2": HostManifest()}
    result = verified(ok("app1"), ok("app2"), unreachable("x"), manifests=manifests)
    data = json.loads(verify_json(result))

    assert not result.is_clean
    assert not verified(ok("app1"), manifests={"app1": MISSING}).is_clean
    assert MISSING.detail in plain(verify_lines(result))
    assert data["summary"]["manifests_not_ok"] == 1
    assert data["hosts"][0]["manifest"] == {"state": "missing", "detail": MISSING.detail}
    assert [host["manifest"]["state"] for host in data["hosts"]] == ["missing", "ok", "unknown"]
    suites = ET.fromstring(verify_junit(result))
    assert (suites.attrib["tests"], suites.attrib["failures"], suites.attrib["errors"]) == ("5", "1", "2")
    assert [case.attrib["classname"] for case in suites.iter("testcase") if case.find("failure") is not None] == [
        "manifest"
    ]


def test_a_host_that_left_the_inventory_is_a_finding() -> None:
    result = verified(ok("app1"), orphans=(ORPHAN,))

    assert not result.is_clean
    (host,) = json.loads(verify_json(result))["left_the_inventory"]
    assert (host["name"], host["stays"]) == (ORPHAN.name, list(ORPHAN.stays))
    assert ET.fromstring(verify_junit(result)).attrib["failures"] == "1"


def test_planned_is_always_the_sum() -> None:
    summary = json.loads(verify_json(verified(ok("a"), failed("b"), unreachable("c"))))["summary"]

    assert summary["planned"] == 5
    assert summary["planned"] == summary["ok"] + summary["failed"] + summary["unknown"]


def test_a_host_without_steps_that_was_not_reached_is_no_clean_result() -> None:
    result = verified(HostResult("old", Reach.DOWN, (), "does not answer"))

    assert not result.is_clean
    assert [host["reach"] for host in json.loads(verify_json(result))["hosts"]] == ["down"]


def test_junit_distinguishes_failures_from_errors() -> None:
    manifest = HostManifest(Manifest((Entry(Package(name="<telnet>"), made=True),)))
    result = verified(ok("a"), failed("b"), unreachable("c"), manifests={"a": manifest})
    suites = ET.fromstring(verify_junit(result))

    assert suites.attrib == {"name": "opspact verify", "tests": "6", "failures": "2", "errors": "2"}
    assert len(list(suites.iter("testcase"))) == 6
    assert len(list(suites.iter("failure"))) == 2
    assert len(list(suites.iter("error"))) == 2
    assert "package <telnet>" in {case.attrib["name"] for case in suites.iter("testcase")}
