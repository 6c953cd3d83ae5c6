"""Fields that promise most where nothing is written: what appears there is a reduction, what goes is none."""

import pytest
from duty import contract, found

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


def test_a_pause_that_appears_is_a_reduction() -> None:
    before, after = (contract(SLA % ("down", written)) for written in ("", ", pauses: [waiting]"))
    (finding,) = found("OP502", after, before=before)
    assert "waiting" in finding.message
    assert not found("OP502", before, before=after)


def test_other_words_for_a_level_are_a_note() -> None:
    before, after = (contract(SLA % (words, "")) for words in ("business stopped", "business slow"))
    (finding,) = found("OP505", after, before=before)
    assert (finding.policy, finding.subject, finding.severity.value) == ("sla/basic", "level I", "note")
    assert not found("OP505", before, before=before)
