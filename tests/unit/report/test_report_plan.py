"""Plans, said: hosts with the same changes together, differences shown, secrets never, thousands of hosts briefly."""

import json

import pytest
from outcomes import ALL_ACTIONS, MOTD, NGINX, ORIGIN, plan_of

from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.differences import difference, fields_that_differ
from opspact.report.lines import plain
from opspact.report.plan import MOST_GROUPS, PreviousSteps, groups, plan_lines
from opspact.report.plan_context import PlanContext
from opspact.report.plan_data import plan_json
from opspact.report.plan_markdown import plan_markdown
from opspact.rollout.live_waves import LiveWaves
from opspact.steps.check import Reach
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile
from opspact.structs import replace
from opspact.values.secret import SecretReference


def test_hosts_with_the_same_changes_are_told_once() -> None:
    plan = plan_of(*(HostPlan(f"app{number}", (Change(Action.ADD, NGINX),)) for number in range(10_000)))
    reported = plain(plan_lines(plan))

    assert len(reported.splitlines()) < 12
    assert reported.count("package nginx") == 1
    assert plan.digest[:12] in reported


def test_files_that_are_each_host_s_own_are_one_change() -> None:
    def why(number: int) -> str:
        return f"content differs (SHA-256 {number:012x}…, wanted {number + 1:012x}…)"

    plan = plan_of(*(HostPlan(f"app{number}", (Change(Action.CHANGE, MOTD, why(number)),)) for number in range(5)))

    assert [len(group.hosts) for group in groups(plan)] == [5]


def test_of_very_many_different_hosts_the_first_groups_are_shown_and_json_has_all() -> None:
    plan = plan_of(*(HostPlan(f"h{number}", (Change(Action.ADD, Package(name=f"p{number}")),)) for number in range(50)))
    reported = plain(plan_lines(plan))

    assert reported.count(" package p") == MOST_GROUPS
    assert len(json.loads(plan_json(plan))["groups"]) == 50


def test_every_action_has_its_sign_and_reason() -> None:
    text = plain(plan_lines(plan_of(HostPlan("app1", ALL_ACTIONS))))

    assert [line.split()[0] for line in text.splitlines() if line.startswith("    ")] == list("+~*-=!?")
    assert all(change.why in text for change in ALL_ACTIONS)
    assert all(f"1 {style.planned}" in text.splitlines()[-1] for style in ACTION_STYLES.values())


def test_every_action_has_its_own_style() -> None:
    assert ACTION_STYLES.keys() == set(Action)
    assert len({style.sign for style in ACTION_STYLES.values()}) == len(Action)


def test_what_is_wrong_with_a_manifest_is_in_every_form_and_is_something_to_do() -> None:
    plan = plan_of(*(HostPlan(name, manifest="/n.json is missing") for name in ("app1", "app2")))
    text = plain(plan_lines(plan))

    assert text.count("/n.json is missing") == 1
    assert "`/n.json is missing`" in plan_markdown(plan, contract="office")
    data = json.loads(plan_json(plan))
    assert [host["manifest"] for host in data["hosts"]] == ["/n.json is missing"] * 2
    assert [group["hosts"] for group in data["groups"]] == [["app1", "app2"]]
    assert len(groups(plan_of(HostPlan("a", manifest="x"), HostPlan("b", manifest="y")))) == 2


def test_a_host_that_was_not_reached_is_never_taken_for_one_without_changes() -> None:
    plan = plan_of(HostPlan("app1"), HostPlan("app2", reach=Reach.DOWN, detail="does not answer"))

    assert plain(plan_lines(plan)).count("does not answer") == 1
    assert json.loads(plan_json(plan))["summary"]["unreachable"] == 1
    assert plain(plan_lines(plan)).splitlines()[-1].startswith("unknown: ")
    nobody = plan_of(HostPlan("app2", reach=Reach.DOWN, detail="does not answer"))
    assert "nothing" not in plain(plan_lines(nobody))


def test_scripts_are_told_that_apply_would_refuse_a_plan() -> None:
    plan = plan_of(HostPlan("app1", (Change(Action.ADD, NGINX),)))

    assert json.loads(plan_json(plan, PlanContext(waves=LiveWaves(refusal="the brake"))))["refusal"] == "the brake"
    assert not {"waves", "refusal"} & json.loads(plan_json(plan)).keys()


def test_the_difference_of_contents_is_shown_and_bounded() -> None:
    after = replace(MOTD, content=Content.of("new\nsame\n"))
    long = replace(MOTD, content=Content.of("line\n" * 1000))
    sides = PreviousSteps({"app1": {MOTD.identity: MOTD}})

    assert difference(MOTD, after) == ["@@ -1,2 +1,2 @@", "-old", "+new", " same"]
    reported = plain(plan_lines(plan_of(HostPlan("app1", (Change(Action.CHANGE, long),)), live=False), sides))
    assert len(reported.splitlines()) < 60


@pytest.mark.parametrize(
    "content", [Content("0" * 64), Content.of(b"\xff\xfe"), Content.of("x" * 300_000), MOTD.content]
)
def test_contents_that_are_not_available_no_text_too_large_or_the_same_have_no_difference(content: Content) -> None:
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
    reported = plan_markdown(
        plan_of(HostPlan("app1", (Change(Action.ADD, step, "`` <b>\n# title"),))), contract="office"
    )

    assert "- `+` `` file /etc/a`b ``: ``` `` <b> | # title ```" in reported
    assert "\n# title" not in reported
