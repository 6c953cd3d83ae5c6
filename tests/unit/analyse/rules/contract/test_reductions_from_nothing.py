"""Fields that promise most where nothing is written: what appears there is a reduction, what goes is none."""

import pytest
from building import backup, tree
from duty import contract, found

from opspact.model.contract import Contract
from opspact.resolve.contract import resolve

LADDER = "kind: ladder\nname: major\nsteps: [{tell: person ann%s}]\n"
ROUTE = "kind: channels\nname: desk\nroutes: [{reach: {en: line}, takes: [faults], answered_by: person ann%s}]\n"
ROSTER = "kind: roster\nname: night\npeople: [ann]\n%s\n"
TRAINING = "kind: training\nname: induction\naudience: [ann]\ncontent: {en: all}\ntrainer: bob\nbefore: %s\n"
QUALITY = 'kind: quality\nname: drills\ntarget: ">= 90 %%"\nmeasure: {visit: call, over: month}\n%s\n'
VISIT = "kind: visit\nname: call\nby: ann\nschedule: monthly on day 1 at 10:00\n"
SLA = (
    "kind: sla\nname: basic\npause_reasons: {waiting: {}}\nlevels:\n"
    "  I: {means: {en: %s}, milestones: {respond: {within: 30m}, resolve: {within: 8h%s}}}\n"
)

APPEARING = {
    "a wait": (LADDER, "", ", wait: 5m"),
    "a time to acknowledge": (LADDER, "", ", acknowledge_within: 10m"),
    "channels of a step": (LADDER, "", ", by: [email]"),
    "channels of a route": (ROUTE, "", ", by: [mobile]"),
    "teams that will do": (ROSTER, "requires: {teams: [hotline]}", "requires: {teams: [hotline, spare]}"),
    "no team that is required": (ROSTER, "requires: {teams: [hotline]}", ""),
    "a schedule in place of the first duty": (TRAINING, "first duty", "monthly on day 1 at 10:00"),
    "a sample in place of everything": (QUALITY, "", "sample: {quality_limit: 1.0%}"),
    "a level that is looked at alone": (
        QUALITY.replace("{visit: call,", "{count: complaints%s,")
        .replace('">= 90 %%"\n', '"<= 2"\n')
        .replace("}\n%s", "}"),
        "",
        ", level: [I]",
    ),
}


@pytest.mark.parametrize("what", APPEARING)
def test_what_appears_is_a_reduction_and_what_goes_is_none(what: str) -> None:
    policy, was, now = APPEARING[what]
    others = ("kind: team\nname: spare\n", VISIT, SLA % ("down", ""))
    before, after = (contract(policy % written, *others) for written in (was, now))
    assert len(found("OP502", after, before=before)) == 1
    assert not found("OP502", before, before=after)


def test_a_sample_of_files_in_place_of_all_is_a_reduction() -> None:
    drills = ("{within: 31 days}", "{within: 31 days, sample: {confidence: 95%, defects: 5%}}")
    before, after = (resolve(tree(backup("nightly", fields=f"encryption: none\ndrill: {drill}"))) for drill in drills)
    (finding,) = found("OP502", after, before=before)
    assert finding.subject == "drill.sample"
    assert not found("OP502", before, before=after)


def test_a_pause_that_appears_is_a_reduction() -> None:
    before, after = (contract(SLA % ("down", written)) for written in ("", ", pauses: [waiting]"))
    (finding,) = found("OP502", after, before=before)
    assert "waiting" in finding.message
    assert not found("OP502", before, before=after)


def test_other_words_for_a_level_are_a_note() -> None:
    before, after = (contract(SLA % (words, "")) for words in ("business stopped", "business slow"))
    (finding,) = found("OP505", after, before=before)
    assert (finding.policy, finding.subject, finding.severity.value) == ("sla/basic", "levels.I.means.en", "note")
    assert not found("OP505", before, before=before)


CUSTOMER = """\
kind: contract
name: {name}
customer: {{zh: 示例单位, en: Example {customer}}}
provider: {{zh: 示例科技, en: Example Technology}}
period: 2026-01-01..{end}
zone: Asia/Shanghai
language: {language}
"""
DESK = """\
kind: channels
name: desk
routes: [{{reach: {{en: hotline}}, {at}takes: [faults], answered_by: team operations}}]
"""


def with_customer(
    at: str = "at: 010-5555-0100, ",
    *,
    name: str = "office",
    customer: str = "Office",
    language: str = "zh-CN",
    end: str = "2026-12-31",
) -> Contract:
    written = CUSTOMER.format(name=name, customer=customer, language=language, end=end)
    written += "---\nkind: team\nname: operations\n"
    return resolve(tree(DESK.format(at=at)) | {"policies/contract.yaml": written.encode()})


@pytest.mark.parametrize(
    ("after", "policy", "field"),
    [
        (with_customer(customer="Agency"), "contract/office", "customer.en"),
        (with_customer(language="en"), "contract/office", "language"),
        (with_customer("at: 010-5555-0199, "), "channels/desk", "routes[hotline].at"),
    ],
)
def test_what_the_customer_knows_and_finds_changed_is_a_note(after: Contract, policy: str, field: str) -> None:
    before = with_customer()
    (finding,) = found("OP505", after, before=before)
    assert (finding.policy, finding.subject, finding.severity.value) == (policy, field, "note")
    assert finding.place.line
    assert not found("OP502", after, before=before)
    assert not found("OP505", before, before=before)


@pytest.mark.parametrize("written", ["+86 10 5555 0100", "0086 10 55550100", "(010) 5555-0100", "01055550100"])
def test_one_number_in_another_spelling_is_no_change(written: str) -> None:
    assert not found("OP505", with_customer(f"at: '{written}', "), before=with_customer())


@pytest.mark.parametrize("written", ["+86 10 5555 0101", "020-5555-0100", "5555-0100#2", "desk@example.com"])
def test_another_number_is_a_change(written: str) -> None:
    assert found("OP505", with_customer(f"at: '{written}', "), before=with_customer())


def test_a_channel_with_another_english_name_is_a_note() -> None:
    before, after = (
        resolve(tree(DESK.format(at="").replace("{en: hotline}", f"{{zh: 热线电话, en: {name}}}")))
        for name in ("hotline", "telephone")
    )
    (finding,) = found("OP505", after, before=before)
    assert finding.subject == "routes[热线电话].reach.en"
    assert not found("OP502", after, before=before)


def test_a_number_that_is_gone_is_a_reduction_and_one_that_appears_is_nothing() -> None:
    with_number, without = with_customer(), with_customer("")
    (finding,) = found("OP502", without, before=with_number)
    assert finding.subject == "routes[hotline].at"
    assert not found("OP505", without, before=with_number)
    assert not found("OP502", with_number, before=without)
    assert not found("OP505", with_number, before=without)


def test_a_contract_with_another_name_is_still_compared() -> None:
    renamed = with_customer(name="bureau", end="2026-11-30", customer="Agency")
    (shorter,) = found("OP502", renamed, before=with_customer())
    (other,) = found("OP505", renamed, before=with_customer())
    assert (shorter.subject, other.subject, other.policy) == ("period", "customer.en", "contract/bureau")
