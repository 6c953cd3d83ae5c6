"""Every way in which the reference contract can promise less is told, and the same the other way round is not."""

import re
from datetime import date
from pathlib import Path

import pytest

from opspact.analyse.rule import Given
from opspact.analyse.run import analyse
from opspact.analyse.weakening_rules import RULES
from opspact.model.contract import Contract
from opspact.model.resolve import resolve
from opspact.schema.tree import read_tree

TREE = read_tree(Path(__file__).parents[3])

WEAKER = {
    "a longer response": ("sla", "respond: {within: 30m,", "respond: {within: 45m,"),
    "a clock on fewer hours": (
        "sla",
        "plan: {within: 2h, calendar: always",
        "plan: {within: 2h, calendar: desk-5x8",
    ),
    "one more reason to stop a clock": (
        "sla",
        "restore: {within: 24h",
        "restore: {pauses: [waiting_for_customer], within: 24h",
    ),
    "a clock that waits for an event": (
        "sla",
        "respond: {within: 30m,",
        "respond: {within: 30m, after: telephone_failed,",
    ),
    "fewer people at once": ("rosters", "on_duty: 3", "on_duty: 2"),
    "shorter rest": ("rosters", "rest: 11h", "rest: 8h"),
    "fewer residents": ("staffing", "resident: {min: 5", "resident: {min: 4"),
    "a later next person": ("ladders", "acknowledge_within: 5m", "acknowledge_within: 9m"),
    "a longer RPO": ("backups", "rpo: 26h", "rpo: 48h"),
    "a shorter retention": ("backups", "keep: {daily: 14", "keep: {daily: 7"),
    "logs read more rarely": ("log-reviews", "schedule: daily at 06:00", "schedule: weekly on monday at 06:00"),
    "an account whose logins are passed over": ("log-reviews", "accounts_ignored: []", "accounts_ignored: [probe]"),
    "younger rows purged": ("data-care", "older_than: 180 days", "older_than: 90 days"),
    "an archive kept shorter": ("data-care", "keep: 24 months", "keep: 12 months"),
    "rarer visits": ("visits", "schedule: quarterly on day 15 at 10:00", "schedule: 0 10 15 1 *"),
    "a target that fewer answers meet": ("quality", '">= 99 %"', '">= 98 %"'),
    "a target that slower work meets": ("quality", '"<= 8 h"', '"<= 9 h"'),
    "a target with room": ("quality", '"= 0"', '"<= 1"'),
    "a target that more visits meet": ("quality", '"<= 2"', '"<= 2.5"'),
    "people at home instead of there": ("rosters", "on_duty: 3", "on_duty: 3\npresence: standby"),
    "fewer people who keep a clock": ("sla", "rosters: [on-site, on-site-standby]", "rosters: [on-site]"),
    "a contract that ends earlier": ("contract", "period: 2026-01-01..2026-12-31", "period: 2026-01-01..2026-09-30"),
    "a contract that begins later": ("contract", "period: 2026-01-01..2026-12-31", "period: 2026-04-01..2026-12-31"),
    "a narrower calendar": ("calendars", 'mon-fri: "09:00-17:00"', 'mon-fri: "10:00-17:00"'),
    "an inspection made more rarely": (
        "inspections",
        "schedule: daily at 07:30",
        "schedule: weekly on monday at 07:30",
    ),
}


def changed(file: str, old: str, new: str) -> Contract:
    path = f"policies/{file}.yaml"
    text = TREE[path].decode()
    assert old in text, f"{old!r} does not stand in {path} any more"
    return resolve({**TREE, path: text.replace(old, new, 1).encode()})


@pytest.fixture(scope="module")
def reference() -> Contract:
    return resolve(TREE)


@pytest.mark.parametrize("what", WEAKER)
def test_what_promises_less_is_told_and_the_way_back_is_not(what: str, reference: Contract) -> None:
    weaker = changed(*WEAKER[what])
    day = date(2026, 3, 2)
    assert analyse(Given(weaker, day, before=reference), RULES)
    assert analyse(Given(reference, day, before=weaker), RULES) == ()


def test_a_contract_that_goes_on_for_another_year_promises_no_less(reference: Contract) -> None:
    year = ("contract", "period: 2026-01-01..2026-12-31", "period: 2027-01-01..2027-12-31")
    assert analyse(Given(changed(*year), date(2027, 1, 1), before=reference), RULES) == ()
    (finding,) = analyse(Given(changed(*year), date(2026, 12, 30), before=reference), RULES)
    assert finding.message.endswith("nothing is promised from 2026-12-30 to 2026-12-31")


def test_a_narrower_calendar_is_told_at_the_field_that_narrows_it(reference: Contract) -> None:
    hours = changed(*WEAKER["a narrower calendar"])
    (finding,) = analyse(
        Given(hours, date(2026, 3, 2), before=reference), [rule for rule in RULES if rule.code == "OP503"]
    )
    assert "10:00-17:00" in finding.source
    holiday = changed("calendars", "known_through: 2026-12-31", 'known_through: 2026-12-31, yearly: ["03-09"]')
    (finding,) = analyse(
        Given(holiday, date(2026, 3, 2), before=reference), [rule for rule in RULES if rule.code == "OP503"]
    )
    assert finding.source.lstrip().startswith("holidays:")


def test_what_was_empty_is_called_nothing(reference: Contract) -> None:
    weaker = changed(*WEAKER["one more reason to stop a clock"])
    (finding,) = analyse(Given(weaker, date(2026, 3, 2), before=reference), RULES)
    assert "pauses was nothing and becomes waiting_for_customer" in finding.message


def test_a_level_that_is_left_out_is_told(reference: Contract) -> None:
    path = "policies/sla.yaml"
    without = re.sub(r"(?ms)^  IV:\n.*?(?=^\S)", "", TREE[path].decode())
    assert without != TREE[path].decode()
    weaker = resolve({**TREE, path: without.encode()})
    found = analyse(Given(weaker, date(2026, 3, 2), before=reference), RULES)
    assert any("without IV" in finding.message for finding in found)
