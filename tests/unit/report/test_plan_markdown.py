"""A plan as a comment: it fits, each of its blocks is whole, and nothing that others wrote gets out of its place."""

import random
import re
from collections.abc import Iterator

import pytest
from building import tree
from markdown_it import MarkdownIt
from markdown_it.token import Token
from outcomes import ORIGIN, plan_of

from opspact.analyse.finding_comparison import FindingComparison
from opspact.errors import Place
from opspact.model.finding import Finding, Severity
from opspact.model.origin import Origin
from opspact.plan.change import Action, Change
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import HostPlan, Plan
from opspact.report.markdown import plain
from opspact.report.markdown_page import LIMIT, MarkdownPage, length
from opspact.report.plan import PreviousSteps
from opspact.report.plan_context import PlanContext
from opspact.report.plan_markdown import plan_markdown, plan_marker
from opspact.resolve.contract import resolve
from opspact.rollout.contract_comparison import ContractComparison
from opspact.rollout.live_waves import LiveWaves
from opspact.rollout.waves import Wave
from opspact.steps.check import Reach
from opspact.steps.content import Content
from opspact.steps.file import File

CONTRACT = resolve(tree())
ODD = (
    *("```", "~~~", "`", "</details>", "</summary>", "<details>", "<!--", "-->", "<b>", "<img src=x>", "&lt;", "\\"),
    *("@all", "@a/b", "/x", "|", "\n", "\r", "\n\n", "\u2028", "\u202e", "    ", "\t", "***", "===", "$x$"),
    *("[x](y)", "![x](y)", "# x", "#1", "- x", "> x", "https://h/x", "职", "🌈"),
)
OURS = re.compile(
    r"<!-- opspact plan: [\w.-]+ -->\n?|</?details>\n?|<details><summary>[^<>]*(<code>[^<>]*</code>)?</summary>\n?"
)


def odd(source: random.Random, most: int = 12) -> str:
    return "".join(source.choice(ODD) + source.choice(("", " ", "a")) for _ in range(source.randint(1, most)))


def finding(message: str) -> Finding:
    return Finding("OP502", Severity.WARNING, Place("policies/x.yaml", 3), message, help="Restore it.", policy="sla/x")


def odd_plan(source: random.Random) -> tuple[Plan, PreviousSteps, ContractComparison]:
    """Return a plan, what it is compared with, and a comparison, with odd text in every place that others can write."""
    origin = Origin("service/x", Place(f"policies/{odd(source)}.yaml", 3), (odd(source),))
    path = f"/etc/{odd(source)}"
    before, after = (File(path=path, content=Content.of(odd(source, 40)), origins=(origin,)) for _ in range(2))
    plan = plan_of(
        HostPlan("app1", (Change(Action.CHANGE, after, odd(source)),)),
        HostPlan(odd(source), manifest=odd(source), adopted=(odd(source),)),
        HostPlan("app3", reach=Reach.DOWN, detail=odd(source)),
        orphans=(OrphanHost(odd(source), (odd(source),), odd(source), "2026-11-02", namesake=odd(source)),),
    )
    found = FindingComparison(new=(finding(odd(source)),), gone=(finding(odd(source)),))
    compared = ContractComparison(CONTRACT, CONTRACT, reductions=(finding(odd(source)),), findings=found)
    return plan, PreviousSteps({"app1": {after.identity: before}}), compared


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("seed", range(60))
def test_odd_text_stays_where_it_stands(seed: int) -> None:
    plan, sides, compared = odd_plan(random.Random(seed))
    said = odd(random.Random(-seed))
    waves = LiveWaves((Wave("pause-1", f"wait for a person: {said}", pause=said),), said)
    text = plan_markdown(plan, PlanContext(sides, compared, waves=waves), contract="office")
    found = list(tokens(text))

    assert not [it.content for it in found if it.type.startswith("html") and not OURS.fullmatch(it.content)]
    html = "".join(it.content for it in found if it.type == "html_block")
    assert html.count("<details>") == html.count("</details>") == 3
    assert not [it for it in found if it.type in {"link_open", "image", "blockquote_open"}]
    assert not [it.content for it in found if it.type == "text" and "@" in it.content]
    assert not any(line.startswith("/") for line in text.splitlines())
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert sum(it.type == "heading_open" for it in found) == text.count("\n### ") + text.count("\n#### ")


def test_the_first_line_names_the_contract_and_nothing_ends_it() -> None:
    plan = plan_of(HostPlan("app1"))

    assert plan_markdown(plan, contract="office").splitlines()[0] == "<!-- opspact plan: office -->"
    assert plan_marker("a --> b\n\n<!--") == "<!-- opspact plan: a-b- -->\n"
    assert plan_marker("office") != plan_marker("office-2")


def big_plan(groups: int, changes: int, text: str) -> tuple[Plan, PreviousSteps]:
    steps = [
        [File(path=f"/etc/{group}/{number}", content=Content.of(text), origins=(ORIGIN,)) for number in range(changes)]
        for group in range(groups)
    ]
    hosts = [
        HostPlan(f"h{group}", tuple(Change(Action.CHANGE, step) for step in of_group))
        for group, of_group in enumerate(steps)
    ]
    old = Content.of("former\n")
    before = {
        host.name: {each.identity: File(path=each.path, content=old) for each in of_group}
        for host, of_group in zip(hosts, steps, strict=True)
    }
    return plan_of(*hosts), PreviousSteps(before)


@pytest.mark.parametrize(("groups", "changes"), [(1, 1), (19, 40), (2, 900)])
@pytest.mark.parametrize("text", ["x\n" * 60, "职" * 2_000, "🌈" * 1_000, "```\n" * 50])
def test_a_comment_fits_and_every_block_in_it_is_whole(groups: int, changes: int, text: str) -> None:
    plan, sides = big_plan(groups, changes, text)
    many = tuple(finding(f"{number} {text}") for number in range(400))
    compared = ContractComparison(CONTRACT, CONTRACT, reductions=many)
    said = plan_markdown(plan, PlanContext(sides, compared), contract="office")
    fences = [it for it in tokens(said) if it.type == "fence"]

    assert length(said) <= LIMIT
    assert len(said.encode()) <= 4 * 65_536
    assert said.count("<details>") == said.count("</details>")
    assert all(it.markup and said.count(f"  {it.markup}\n") for it in fences)
    assert said.rstrip().splitlines()[-1].startswith("**Not the whole plan:**")
    assert f"plan {plan.digest[:12]}" in said.splitlines()[-1]
    assert "400" in said  # how many there are is said, whatever fits


def test_what_fits_is_whole_and_says_nothing_of_a_cut() -> None:
    plan, sides = big_plan(3, 2, "new\n")
    said = plan_markdown(plan, PlanContext(sides), contract="office")

    assert "Not the whole plan" not in said
    assert said.count("+new") == 6


def test_a_difference_that_does_not_fit_leaves_the_change_in_its_place() -> None:
    plan, sides = big_plan(1, 100, "x" * 200 + "\n")
    said = plan_markdown(plan, PlanContext(sides), contract="office")

    assert "+xxx" in said
    plan, sides = big_plan(1, 400, "x" * 200 + "\n")
    said = plan_markdown(plan, PlanContext(sides), contract="office")
    assert "+xxx" not in said
    assert "file /etc/0/39" in said
    assert "… and 360 more changes" in said


def test_length_counts_as_the_strictest_forge_does() -> None:
    assert [length(text) for text in ("abc", "职责", "🌈", "\ud800")] == [3, 2, 2, 1]


def test_a_page_is_never_longer_than_its_limit() -> None:
    page = MarkdownPage("end", limit=20)

    assert [page.add("x" * 30, "y" * 10), page.add("z" * 8), page.add("w" * 7)] == [True, False, True]
    assert page.text == "y" * 10 + "w" * 7 + "end"


def test_what_would_notify_somebody_is_code() -> None:
    assert plain("ask @all, or a@b.example") == "ask `@all,` or `a@b.example`"


def test_files_that_are_each_host_s_own_say_whose_difference_is_shown() -> None:
    def host(number: int) -> HostPlan:
        step = File(path="/etc/motd", content=Content.of(f"{number}\n"), origins=(ORIGIN,))
        return HostPlan(f"app{number}", (Change(Action.CHANGE, step),))

    before = {"app0": {"file /etc/motd": File(path="/etc/motd", content=Content.of("old\n"))}}
    said = plan_markdown(plan_of(*map(host, range(37))), PlanContext(PreviousSteps(before)), contract="office")

    assert "37 hosts: 1 to change" in said
    assert "(on app0; the file is each host's own)" in said
