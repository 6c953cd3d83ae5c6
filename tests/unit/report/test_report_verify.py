"""What was seen, said: nothing is hidden, everything is counted, what is in order is short."""

import json
from xml.etree import ElementTree as ET

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.plan.live_comparison import EXISTED
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import Note, NoteState
from opspact.report.lines import plain
from opspact.report.verify import Seen, seen, verified_json, verified_junit, verified_lines
from opspact.rollout.survey import Survey
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.package import Package

ORIGIN = Origin("service/web", Place("policies/web.yaml", 9, 3), ("C1",))
NGINX = Package(name="nginx", origins=(ORIGIN,))
VIM = Package(name="vim", origins=(ORIGIN,))


def good(name: str) -> HostResult:
    return HostResult(name, Reach.REACHED, (Check(NGINX, State.OK),))


def bad(name: str) -> HostResult:
    checks = (Check(NGINX, State.OK), Check(VIM, State.FAILED, "is not installed", present=False))
    return HostResult(name, Reach.REACHED, checks)


def lost(name: str) -> HostResult:
    checks = (Check(NGINX, State.UNKNOWN, "does not answer"), Check(VIM, State.UNKNOWN, "does not answer"))
    return HostResult(name, Reach.DOWN, checks, "does not answer")


def seen_of(*results: HostResult, manifests: dict[str, Manifest] | None = None) -> Seen:
    notes = {name: Note(manifest) for name, manifest in (manifests or {}).items()}
    return seen(Survey({result.name: result for result in results}, notes))


def test_when_all_is_in_order_one_line_says_so() -> None:
    found = seen_of(good("app1"), good("app2"))

    assert found.is_clean
    assert plain(verified_lines(found)) == "all ok: 2 hosts, 2 checks\n"


def test_what_is_not_in_order_is_told_with_its_origin() -> None:
    assert plain(verified_lines(seen_of(good("app1"), bad("db-main"), lost("x")))) == (
        "app1     reached    1 ok    0 failed    0 unknown\n"
        "db-main  reached    1 ok    1 failed    0 unknown\n"
        "  failed   package vim: is not installed\n"
        "           policies/web.yaml:9 (service/web; clauses C1)\n"
        "x        down    0 ok    0 failed    2 unknown\n"
        "  does not answer\n"
        "\n"
        "3 hosts: 2 ok, 1 failed, 2 unknown of 5 checks; 1 host not reached\n"
    )


def test_of_very_many_hosts_those_in_order_share_a_line() -> None:
    told = plain(verified_lines(seen_of(*(good(f"app{number}") for number in range(10_000)), bad("db1"))))

    assert len(told.splitlines()) == 6
    assert "app0, app1, app2, app3, app4 and 9,995 more  all ok\n" in told


def test_what_left_the_policy_is_a_finding() -> None:
    manifest = Manifest((Entry(NGINX, made=True), Entry(Package(name="telnet"), made=True), Entry(VIM, made=False)))
    found = seen_of(good("app1"), manifests={"app1": manifest})
    told = plain(verified_lines(found))

    assert not found.is_clean
    assert "  left the policy: package telnet (opspact apply removes it)\n" in told
    assert f"  left the policy: package vim (left in place: {EXISTED})\n" in told
    assert told.endswith("1 host: 1 ok, 0 failed, 0 unknown of 1 check; 2 left the policy\n")
    assert json.loads(verified_json(found))["summary"]["left_the_policy"] == 2


def test_a_note_that_is_not_in_order_is_a_finding_of_its_own_and_spoils_no_check() -> None:
    note = Note(state=NoteState.MISSING, detail="/n.json is missing; apply writes it anew")
    results = {"app1": good("app1"), "app2": good("app2"), "x": lost("x")}
    found = seen(Survey(results, {"app1": note, "app2": Note()}))
    told, data = plain(verified_lines(found)), json.loads(verified_json(found))

    assert not found.is_clean
    assert not seen(Survey({"app1": good("app1")}, {"app1": note})).is_clean
    assert (
        "app1  reached    1 ok    0 failed    0 unknown\n  note     /n.json is missing; apply writes it anew\n" in told
    )
    assert told.endswith("; 1 host not reached; 1 note not in order\n")
    assert data["summary"]["notes_not_in_order"] == 1
    assert data["hosts"][0]["note"] == {"state": "missing", "detail": note.detail}
    assert [host["note"]["state"] for host in data["hosts"]] == ["missing", "in order", "unknown"]
    suites = ET.fromstring(verified_junit(found))
    assert (suites.attrib["tests"], suites.attrib["failures"], suites.attrib["errors"]) == ("5", "1", "2")
    assert [case.attrib["classname"] for case in suites.iter("testcase") if case.find("failure") is not None] == [
        "note"
    ]


def test_planned_is_always_the_sum() -> None:
    summary = json.loads(verified_json(seen_of(good("a"), bad("b"), lost("c"))))["summary"]

    assert summary["planned"] == 5
    assert summary["planned"] == summary["ok"] + summary["failed"] + summary["unknown"]


def test_a_host_without_steps_that_was_not_reached_is_no_clean_result() -> None:
    found = seen_of(HostResult("old", Reach.DOWN, (), "does not answer"))

    assert not found.is_clean
    assert "old  down" in plain(verified_lines(found))


def test_junit_tells_failures_from_errors() -> None:
    manifest = Manifest((Entry(Package(name="<telnet>"), made=True),))
    suites = ET.fromstring(verified_junit(seen_of(good("a"), bad("b"), lost("c"), manifests={"a": manifest})))

    assert suites.attrib == {"name": "opspact verify", "tests": "6", "failures": "2", "errors": "2"}
    assert len(list(suites.iter("testcase"))) == 6
    assert len(list(suites.iter("failure"))) == 2
    assert len(list(suites.iter("error"))) == 2
    assert "package <telnet>" in {case.attrib["name"] for case in suites.iter("testcase")}
