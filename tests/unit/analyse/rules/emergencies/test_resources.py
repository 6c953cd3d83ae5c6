"""Edges of the rules about resources: what counts as promised, and as there."""

from datetime import date

import pytest
from analysing import found, policies

from opspact.model.finding import Severity

RUNBOOK = (
    "kind: runbook\nname: repair\ntext: {en: Repair}\nrisk: read-only\nhosts: app1\n"
    "steps: [{name: look, text: {en: Is it running?}, check: [{unit: x.service}]}]\n"
)
EMERGENCY = (
    "kind: emergency\nname: lost\nsymptoms: {en: [lost]}\nrunbook: repair\n"
    "prevention: [{by_hand: {%s}}]\nhandling: {en: %s}\n"
)
LIBRARY = (
    "kind: library\nname: client\nversion: '1'\nsha256: " + "ab" * 32 + "\nhost: %s\npath: /srv/x\n"
    "for: {emergency: lost}\nowner: operations\nchecked: daily at 08:00\n"
)
CLAUSE = "kind: clause\nname: B5\nsection: '3'\ntext: {%s}\nkept_by: person\nevidence_within: 92 days\n"
DEVICE = "kind: device\nname: %s\nsite: site-a\n"
SPARE = (
    "kind: spare\nname: part\nfor: {device: [%s]}\nwhere: {en: store}\nowner: operations\nready_within: %s\n"
    "checked: monthly on day 1 at 10:00\n%s"
)
SLA = (
    "kind: sla\nname: standard\nlevels:\n"
    "  I: {means: {en: down}, milestones: {restore: {within: %s, calendar: always}}}\n"
)


@pytest.mark.parametrize(
    ("words", "handling", "is_promised"),
    [
        ("en: have the Installers ready", "reinstall it", True),
        ("zh: 准备好安装程序", "reinstall it", True),
        ("en: watch the load", "use the installer", True),
        ("en: uninstaller tools", "reinstall it", False),
        ("zh: 检查磁盘", "reinstall it", False),
    ],
)
def test_installers_are_promised_in_words_of_either_language(words: str, handling: str, *, is_promised: bool) -> None:
    emergency = EMERGENCY % (words, handling)
    assert policies("OP238", RUNBOOK, emergency) == (["emergency/lost"] if is_promised else [])
    assert policies("OP238", RUNBOOK, emergency, LIBRARY % "db1") == []


def test_prevention_by_hand_alone_is_found_and_a_policy_beside_it_is_enough() -> None:
    emergency = EMERGENCY % ("en: watch it", "repair it")
    assert policies("OP237", RUNBOOK, emergency) == ["emergency/lost"]
    named = emergency.replace("prevention: [", "prevention: [{library: client}, ")
    assert policies("OP237", RUNBOOK, named, LIBRARY % "db1") == []


@pytest.mark.parametrize(
    ("words", "is_promised"),
    [
        ("zh: 能够提供代用产品", True),
        ("en: a Substitute product", True),
        ("en: spare parts are in stock", True),
        ("en: in their spare time", False),
        ("en: it is repaired", False),
    ],
)
def test_a_substitute_is_promised_until_every_device_has_a_spare(words: str, *, is_promised: bool) -> None:
    clause = CLAUSE % words
    expected = ["clause/B5"] if is_promised else []
    assert policies("OP239", clause) == expected  # there is no spare at all
    devices = (DEVICE % "switch", DEVICE % "firewall")
    one, both = SPARE % ("switch", "4h", ""), SPARE % ("switch, firewall", "4h", "")
    found_ = found("OP239", clause, *devices, one)
    assert [finding.policy for finding in found_] == expected
    assert all("firewall" in finding.message and "switch" not in finding.message for finding in found_)
    assert found("OP239", clause, *devices, both) == ()


@pytest.mark.parametrize(("restore", "expected"), [("4h", []), ("3h", ["spare/part"]), ("5 business hours", [])])
def test_a_spare_that_is_ready_after_the_restore_time_is_found(restore: str, expected: list[str]) -> None:
    assert policies("OP252", DEVICE % "switch", SPARE % ("switch", "4h", ""), SLA % restore) == expected


def test_a_spare_beside_its_device_is_a_note_and_an_installer_on_the_repaired_host_a_warning() -> None:
    (finding,) = found("OP253", DEVICE % "switch", SPARE % ("switch", "4h", "site: site-a\n"))
    assert (finding.policy, finding.severity) == ("spare/part", Severity.NOTE)
    assert found("OP253", DEVICE % "switch", SPARE % ("switch", "4h", "site: site-b\n")) == ()
    emergency = EMERGENCY % ("en: watch it", "repair it")
    (finding,) = found("OP253", RUNBOOK, emergency, LIBRARY % "app1")
    assert (finding.policy, finding.severity) == ("library/client", Severity.WARNING)
    assert found("OP253", RUNBOOK, emergency, LIBRARY % "db1") == ()


@pytest.mark.parametrize(
    ("until", "severity"),
    [
        ("2026-05-30", None),
        ("2026-04-20", Severity.NOTE),
        ("2026-03-10", Severity.WARNING),
        ("2026-01-01", Severity.WARNING),
    ],
)
def test_the_end_of_a_licence_is_reported_ahead(until: str, severity: Severity | None) -> None:
    licence = f"licence: {{text: {{en: 50 seats}}, until: {until}}}\n"
    written = (RUNBOOK, EMERGENCY % ("en: watch it", "repair it"), LIBRARY % "db1" + licence)
    assert [finding.severity for finding in found("OP254", *written, day=date(2026, 3, 2))] == (
        [severity] if severity else []
    )
