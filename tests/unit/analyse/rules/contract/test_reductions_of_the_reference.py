"""Every way in which the reference contract can promise less is told, and the same the other way round is not."""

import re
from datetime import date
from pathlib import Path

import pytest
from building import DAY, backup, service, tree
from reading import data, named

from opspact.analyse.rule import RuleContext
from opspact.analyse.rules.contract.reductions import RULES
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.model.finding import Finding, Recurrence
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

TREE = read_tree(Path(__file__).parents[5])

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
    "archives that are no longer encrypted": ("data-care", "months, passphrase: secret:vault:borg", "months"),
    "rarer visits": ("visits", "schedule: quarterly on day 15 at 10:00", "schedule: 0 10 15 1 *"),
    "a target that fewer answers meet": ("quality", '">= 99 %"', '">= 98 %"'),
    "a target that slower work meets": ("quality", '"<= 8 h"', '"<= 9 h"'),
    "a target with room": ("quality", '"= 0"', '"<= 1"'),
    "a target that more visits meet": ("quality", '"<= 2"', '"<= 2.5"'),
    "people at home instead of there": ("rosters", "on_duty: 3", "on_duty: 3\npresence: standby"),
    "fewer people who keep a clock": ("sla", "rosters: [on-site, on-site-standby]", "rosters: [on-site]"),
    "a contract that ends earlier": ("contract", "period: 2026-01-01..2028-12-31", "period: 2026-01-01..2026-09-30"),
    "a contract that begins later": ("contract", "period: 2026-01-01..2028-12-31", "period: 2026-04-01..2028-12-31"),
    "a narrower calendar": ("calendars", 'mon-fri: "09:00-17:00"', 'mon-fri: "10:00-17:00"'),
    "a clause that people keep from now on": ("clauses", "kept_by: opspact", "kept_by: person"),
    "reports that nobody reads": ("log-reviews", "read_by: customer-service\n", ""),
    "what is critical opens a lighter case": ("inspections", "critical_opens: II", "critical_opens: III"),
    "what is critical opens no case": ("inspections", "critical_opens: II\n", ""),
    "a shorter blackout": ("windows", "for: 16h", "for: 14h"),
    "a blackout that ends a day earlier": ("windows", "2026-02-15..2026-02-23", "2026-02-15..2026-02-22"),
    "a longer maintenance window": ("windows", "for: 6h", "for: 7h"),
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


@pytest.mark.slow
@pytest.mark.parametrize("what", WEAKER)
def test_what_promises_less_is_told_and_the_way_back_is_not(what: str, reference: Contract) -> None:
    weaker = changed(*WEAKER[what])
    day = date(2026, 2, 2)
    assert analyse(RuleContext(weaker, day, before=reference), RULES)
    assert analyse(RuleContext(reference, day, before=weaker), RULES) == ()


def test_a_contract_that_goes_on_for_another_year_promises_no_less(reference: Contract) -> None:
    year = ("contract", "period: 2026-01-01..2028-12-31", "period: 2029-01-01..2029-12-31")
    assert analyse(RuleContext(changed(*year), date(2029, 1, 1), before=reference), RULES) == ()
    (finding,) = analyse(RuleContext(changed(*year), date(2028, 12, 30), before=reference), RULES)
    assert (finding.code, finding.policy) == ("OP502", "contract/office-automation")
    assert data(finding.message) >= {"2028-12-30", "2028-12-31"}


def test_a_narrower_calendar_is_told_at_the_field_that_narrows_it(reference: Contract) -> None:
    hours = changed(*WEAKER["a narrower calendar"])
    (finding,) = analyse(
        RuleContext(hours, date(2026, 3, 2), before=reference), [rule for rule in RULES if rule.code == "OP503"]
    )
    assert "10:00-17:00" in finding.source
    holiday = changed("calendars", "known_through: 2026-12-31", 'known_through: 2026-12-31, yearly: ["03-09"]')
    (finding,) = analyse(
        RuleContext(holiday, date(2026, 3, 2), before=reference), [rule for rule in RULES if rule.code == "OP503"]
    )
    assert finding.source.lstrip().startswith("holidays:")


def test_what_was_empty_is_called_nothing(reference: Contract) -> None:
    weaker = changed(*WEAKER["one more reason to stop a clock"])
    (finding,) = analyse(RuleContext(weaker, date(2026, 3, 2), before=reference), RULES)
    assert finding.subject.endswith("pauses")
    assert named(finding, "nothing", "waiting_for_customer") == {"nothing", "waiting_for_customer"}


def test_a_level_that_is_left_out_is_told(reference: Contract) -> None:
    path = "policies/sla.yaml"
    without = re.sub(r"(?ms)^  IV:\n.*?(?=^\S)", "", TREE[path].decode())
    assert without != TREE[path].decode()
    weaker = resolve({**TREE, path: without.encode()})
    found = analyse(RuleContext(weaker, date(2026, 3, 2), before=reference), RULES)
    assert "IV" in {name for finding in found for name in named(finding, "I", "II", "III", "IV")}


def reported(changed: Contract, before: Contract, code: str) -> list[Finding]:
    found = analyse(RuleContext(changed, date(2026, 2, 2), before=before), RULES)
    return [finding for finding in found if finding.code == code]


def test_an_opened_case_is_compared_by_the_order_of_the_levels(reference: Contract) -> None:
    lighter = changed(*WEAKER["what is critical opens a lighter case"])
    (finding,) = reported(lighter, reference, "OP502")
    assert finding.subject == "critical_opens"
    assert named(finding, "I", "II", "III", "IV") == {"II", "III"}
    (finding,) = reported(changed("inspections", "critical_opens: II", "critical_opens: P9"), reference, "OP502")
    assert named(finding, "II", "P9") == {"II", "P9"}


@pytest.mark.parametrize(
    "what",
    [
        ("approvals", "role: project-manager, count: 1", "role: customer, count: 1"),
        ("sla", "ladder: major", "ladder: minor"),
    ],
)
def test_another_approver_or_ladder_counts_as_less_both_ways(what: tuple[str, str, str], reference: Contract) -> None:
    other = changed(*what)
    for one, before in ((other, reference), (reference, other)):
        (finding,) = reported(one, before, "OP502")
        assert finding.subject.endswith(what[1].partition(":")[0])


def test_a_host_that_leaves_a_group_is_told_by_every_pattern_that_chose_it(reference: Contract) -> None:
    inventory, there = TREE["inventory/hosts.yaml"].decode(), "            app2: {ansible_host: 198.51.100.12}\n"
    assert there in inventory
    without = inventory.replace(there, "")
    moved = without.replace("            db1: {", "            app2: {}\n            db1: {")
    findings = reported(resolve({**TREE, "inventory/hosts.yaml": moved.encode()}), reference, "OP502")
    assert {finding.subject for finding in findings} == {"hosts"}
    assert all(named(finding, "web", "db", "app1", "app2") == {"web", "app2"} for finding in findings)
    devices = TREE["policies/devices.yaml"].replace(b"app2", b"app1")
    gone = resolve({**TREE, "inventory/hosts.yaml": without.encode(), "policies/devices.yaml": devices})
    assert reported(gone, reference, "OP502") == [], "a host that is no more is promised nothing"


def test_a_clock_on_a_narrower_calendar_is_told_where_the_clock_is_promised(reference: Contract) -> None:
    narrower = changed(*WEAKER["a narrower calendar"])
    findings = reported(narrower, reference, "OP502")
    assert findings
    assert all("desk-5x8" in finding.message for finding in findings)
    (calendar,) = reported(narrower, reference, "OP503")
    assert {finding.caused_by for finding in findings} == {(calendar.key,)}, "one cause, not one for each clock"


def test_clauses_that_a_policy_kept_alone_follow_from_its_being_gone(reference: Contract) -> None:
    path = "policies/flows.yaml"
    documents = TREE[path].decode().split("---\n")
    kept = [document for document in documents if "name: system-defect\n" not in document]
    assert len(kept) == len(documents) - 1
    gone = resolve({**TREE, path: "---\n".join(kept).encode()})
    found = analyse(RuleContext(gone, date(2026, 2, 2), before=reference))
    (dropped,) = [finding for finding in found if finding.code == "OP500"]
    unkept = [finding for finding in found if finding.code == "OP205"]
    assert {finding.policy for finding in unkept} == {f"clause/I{number}" for number in (2, 3, 5, 6, 7)}
    assert {finding.caused_by for finding in unkept} == {(dropped.key,)}


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (backup("nightly"), "OP221"),
        (service("web", "packages: [nginx]"), "OP222"),
        (
            "kind: inspection\nname: daily\nhosts: web\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n",
            "OP220",
        ),
    ],
    ids=["backup", "service", "inspection"],
)
def test_hosts_that_lack_what_a_policy_did_follow_from_its_being_gone(policy: str, code: str) -> None:
    clause = "kind: clause\nname: D2\nsection: '6'\ntext: {en: x}\nkept_by: opspact\nevidence_within: 31 days\n"
    others = policy.replace("hosts: web", "hosts: db:backup").replace("name: ", "name: other-")
    others = others.replace("repository: daily", "repository: other").replace("host: backup1", "host: app1")
    before = resolve(tree(clause, policy + "clauses: [D2]\n", others))
    (lacking, *rest) = [
        finding
        for finding in analyse(RuleContext(resolve(tree(clause, others)), DAY, before=before))
        if finding.code in {code, "OP500"}
    ]
    found = {lacking.code: lacking, **{finding.code: finding for finding in rest}}
    assert found[code].caused_by == (found["OP500"].key,)


@pytest.mark.parametrize(
    ("what", "window", "at", "repeats"),
    [
        ("a shorter blackout", "window/month-end", "2026-02-28 21:30", Recurrence(35, date(2026, 2, 28))),
        (
            "a longer maintenance window",
            "window/nightly-maintenance",
            "2026-02-02 07:00",
            Recurrence(1064, date(2026, 2, 2)),
        ),
    ],
)
def test_another_window_is_told_with_the_first_instant_and_in_days(
    what: str, window: str, *, at: str, repeats: Recurrence, reference: Contract
) -> None:
    (finding,) = reported(changed(*WEAKER[what]), reference, "OP504")
    assert (finding.policy, finding.repeats) == (window, repeats)
    assert at in data(finding.message)


def test_a_blackout_that_is_a_maintenance_window_now_is_told_twice(reference: Contract) -> None:
    text = TREE["policies/windows.yaml"].decode()
    other = text.replace("blackout", "maintenance").replace("allows: [backup, inspection, log_review]\n", "")
    findings = reported(resolve({**TREE, "policies/windows.yaml": other.encode()}), reference, "OP504")
    month_end = [finding for finding in findings if finding.policy == "window/month-end"]
    assert ["2026-02-28 07:30" in data(finding.message) for finding in month_end] == [True, True]


def test_hours_that_a_calendar_has_lost_are_counted_in_days(reference: Contract) -> None:
    (calendar,) = reported(changed(*WEAKER["a narrower calendar"]), reference, "OP503")
    (clock,) = reported(changed(*WEAKER["a clock on fewer hours"]), reference, "OP502")
    assert calendar.repeats == Recurrence(248, date(2026, 1, 4))  # the working days of that year
    assert clock.repeats == Recurrence(365, date(2026, 1, 1))


def test_things_of_one_name_are_told_apart_by_their_order(reference: Contract) -> None:
    last = "  - {tell: team project-manager"
    again = "  - {tell: roster hotline-night, by: email, wait: 5m, acknowledge_within: 5m}\n"
    more = changed("ladders", last, again + last)
    assert analyse(RuleContext(more, date(2026, 3, 2), before=more), RULES) == ()
    assert analyse(RuleContext(more, date(2026, 3, 2), before=reference), RULES) == ()
    assert analyse(RuleContext(reference, date(2026, 3, 2), before=more), RULES)
