"""Plans, said: hosts with the same changes together, differences shown, secrets never, thousands of hosts briefly."""

import json
from dataclasses import replace

import pytest

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.differences import difference, fields_that_differ
from opspact.report.lines import plain
from opspact.report.plan import Sides, groups, plan_lines, plan_markdown
from opspact.report.plan_data import plan_json
from opspact.steps.check import Reach
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile
from opspact.values.secret import SecretReference

ORIGIN = Origin("service/web", Place("policies/web.yaml", 9, 3), ("C1",))
NGINX = Package(name="nginx", origins=(ORIGIN,))
MOTD = File(path="/etc/motd", content=Content.of("old\nsame\n"), origins=(ORIGIN,))


def plan_of(*hosts: HostPlan, live: bool = True) -> Plan:
    return Plan("nothing", "a" * 40, "c" * 64, live, hosts)


def test_hosts_with_the_same_changes_are_told_once() -> None:
    plan = plan_of(*(HostPlan(f"app{number}", (Change(Action.ADD, NGINX),)) for number in range(10_000)))
    told = plain(plan_lines(plan))

    assert len(told.splitlines()) < 12
    assert "app0, app1, app2, app3, app4 and 9,995 more  (10,000 hosts)\n" in told
    assert "  policies/web.yaml:9 (service/web; clauses C1)\n    + package nginx\n" in told
    assert told.splitlines()[-1] == f"10,000 to add on 10,000 of 10,000 hosts; plan {plan.digest[:12]}"


def test_files_that_are_each_host_s_own_are_one_change() -> None:
    def why(number: int) -> str:
        return f"content differs (SHA-256 {number:012x}…, wanted {number + 1:012x}…)"

    plan = plan_of(*(HostPlan(f"app{number}", (Change(Action.CHANGE, MOTD, why(number)),)) for number in range(5)))

    assert [len(group.hosts) for group in groups(plan)] == [5]


def test_of_very_many_different_hosts_the_first_groups_are_shown_and_json_has_all() -> None:
    plan = plan_of(*(HostPlan(f"h{number}", (Change(Action.ADD, Package(name=f"p{number}")),)) for number in range(50)))
    told = plain(plan_lines(plan))

    assert "and 30 groups of hosts more: --format json has them all\n" in told
    assert len(json.loads(plan_json(plan))["groups"]) == 50


def test_every_kind_of_change_has_its_sign_and_reason() -> None:
    host = HostPlan(
        "app1",
        (
            Change(Action.ADD, NGINX, "is not installed"),
            Change(Action.CHANGE, MOTD, "mode is 0600, wanted 0644"),
            Change(Action.REMOVE, Package(name="telnet"), "no policy asks for it any more"),
            Change(Action.RELEASE, Package(name="vim"), "existed before opspact"),
            Change(Action.DEPENDENT, Package(name="port"), "nobody listens"),
            Change(Action.MANUAL, replace(MOTD, path="/etc/issue"), "is a directory, wanted a file"),
            Change(Action.DEFERRED, Package(name="borg"), "backup1, on which this is kept, was not reached (down)"),
        ),
    )
    told = plain(plan_lines(plan_of(host)))

    assert [text.split()[0] for text in told.splitlines() if text.startswith("    ")] == list("+~*-=!?")
    assert all(change.why in told for change in host.changes)
    assert [ACTION_STYLES[action].planned for action in Action] == [
        part.partition(" ")[2] for part in told.splitlines()[-1].partition(" on 1 of 1 host")[0].split(", ")
    ]


def test_every_action_has_its_own_look() -> None:
    assert ACTION_STYLES.keys() == set(Action)
    assert len({style.sign for style in ACTION_STYLES.values()}) == len(Action)


def test_what_is_wrong_with_a_note_is_told_in_every_form_and_is_something_to_do() -> None:
    plan = plan_of(HostPlan("app1", note="/n.json is missing"), HostPlan("app2", note="/n.json is missing"))
    told = plain(plan_lines(plan))

    assert "app1, app2  (2 hosts)\n  ! /n.json is missing\n" in told
    assert told.splitlines()[-1].startswith("2 notes not in order on 2 of 2 hosts; plan ")
    assert "- **note**: `/n.json is missing`\n" in plan_markdown(plan)
    data = json.loads(plan_json(plan))
    assert [host["note"] for host in data["hosts"]] == ["/n.json is missing"] * 2
    assert [group["hosts"] for group in data["groups"]] == [["app1", "app2"]]
    assert [len(groups(plan_of(HostPlan("a", note="x"), HostPlan("b", note="y"))))] == [2]


def test_a_host_that_could_not_be_looked_at_is_never_taken_for_one_in_order() -> None:
    plan = plan_of(HostPlan("app1"), HostPlan("app2", reach=Reach.DOWN, detail="does not answer"))
    told = plain(plan_lines(plan))

    assert "app2  down: does not answer\n" in told
    assert told.splitlines()[-1] == "nothing to do on 1 host; 1 host could not be looked at"
    assert json.loads(plan_json(plan))["summary"]["unreachable"] == 1


def test_the_difference_of_contents_is_shown_and_bounded() -> None:
    after = replace(MOTD, content=Content.of("new\nsame\n"))
    long = replace(MOTD, content=Content.of("line\n" * 1000))
    sides = Sides({"app1": {MOTD.identity: MOTD}})

    assert difference(MOTD, after) == ["@@ -1,2 +1,2 @@", "-old", "+new", " same"]
    told = plain(plan_lines(plan_of(HostPlan("app1", (Change(Action.CHANGE, long),)), live=False), sides))
    assert "lines more\n" in told
    assert len(told.splitlines()) < 60


@pytest.mark.parametrize(
    "content", [Content("0" * 64), Content.of(b"\xff\xfe"), Content.of("x" * 300_000), MOTD.content]
)
def test_contents_that_are_not_at_hand_no_text_too_large_or_the_same_have_no_difference(content: Content) -> None:
    assert difference(MOTD, replace(MOTD, content=content)) == (
        [] if content.digest != "0" * 64 else ["@@ -1,2 +0,0 @@", "-old", "-same"]
    )


def test_a_secret_file_shows_its_reference_and_nothing_else() -> None:
    before = SecretFile(path="/etc/key", secret=SecretReference("vault", "one"))
    after = SecretFile(path="/etc/key", secret=SecretReference("vault", "two"))

    assert difference(before, after) == []
    assert fields_that_differ(before, after) == "secret: vault:one → vault:two"


def test_fields_that_differ_are_named() -> None:
    after = replace(MOTD, mode="0600", restarts=("ssh.service",), validate="x %s")

    assert fields_that_differ(MOTD, after) == (
        "mode: 0644 → 0600, validate: nothing → x %s, restarts: [] → [ssh.service]"
    )


def test_markdown_cannot_be_broken_out_of() -> None:
    step = File(path="/etc/a`b", content=Content.of("x"), origins=(ORIGIN,))
    told = plan_markdown(plan_of(HostPlan("app1", (Change(Action.ADD, step, "`` <b>\n# title"),))))

    assert "- `+` `` file /etc/a`b ``: ``` `` <b> | # title ```" in told
    assert "\n# title" not in told
