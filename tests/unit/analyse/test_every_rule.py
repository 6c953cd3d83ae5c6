"""Each rule finds its own bad example and not its good one, and says what it needs to say."""

import re

import pytest

from opspact.analyse import example
from opspact.analyse.registry import FAMILIES, RULES
from opspact.analyse.rule import Rule
from opspact.analyse.run import analyse

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))


def test_no_code_is_given_twice() -> None:
    assert len(RULES) == sum(map(len, FAMILIES))


@every_rule
def test_a_rule_finds_its_bad_example(rule: Rule) -> None:
    found = analyse(example.context(rule.code, "bad"), [rule])
    assert found
    assert all(finding.place.file.startswith(("policies/", "inventory/")) for finding in found)
    assert all(finding.place.line > 0 for finding in found)
    assert all(finding.message and finding.help for finding in found)


@every_rule
def test_a_finding_that_repeats_says_how_often_in_words_and_in_data(rule: Rule) -> None:
    for finding in analyse(example.context(rule.code, "bad"), [rule]):
        times = [finding.repeats.times] if finding.repeats else []
        assert re.findall(r"\b([io]n [\d,]+ (?:day|week|month)s?)\b[^,]*, first", finding.message) == times


@every_rule
def test_a_rule_does_not_find_its_good_example(rule: Rule) -> None:
    assert analyse(example.context(rule.code, "good"), [rule]) == ()


@every_rule
def test_a_rule_speaks_to_people(rule: Rule) -> None:
    assert re.fullmatch(r"OP[2-9]\d\d", rule.code)
    assert re.fullmatch(r"[A-Z].*[^.]", rule.title)
    assert re.fullmatch(r"[A-Z].*\.", rule.why)
    assert re.fullmatch(r"[A-Z].*\.", rule.remedy)
