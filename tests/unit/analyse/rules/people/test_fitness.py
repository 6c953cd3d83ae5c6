"""Edges of the rules about who is on duty: trained, certified, still there."""

from datetime import date

import pytest
from duty import contract, found, override, person, roster, weekly
from reading import data

from opspact.model.finding import Recurrence, Severity


def test_training_on_the_day_of_first_duty_is_in_time() -> None:
    training = (
        "kind: training\nname: induction\naudience: [hotline]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: %s}\n"
    )
    turn = roster("people: [ann]")
    late = person("ann", "from: 2026-04-01")
    assert not found("OP312", contract(training % "2026-04-01", turn, late))
    (finding,) = found("OP312", contract(training % "2026-04-02", turn, late))
    assert (finding.subject, data(finding.message)) == (
        "ann",
        {"2026-04-01 00:00", "2026-04-02 00:00", "2026-04-02"},
    )


def test_a_stand_in_must_be_trained_too() -> None:
    training = (
        "kind: training\nname: induction\naudience: [ann]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: 2026-01-01}\n"
    )
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    said = contract(training, roster("people: [ann]\nrequires: {trainings: [induction]}"), swap)
    (finding,) = found("OP312", said)
    assert (finding.subject, data(finding.message)) == ("bob", {"2026-03-09 09:00", "2026-03-16 09:00"})
    assert "induction" in finding.help


def test_duty_without_training_is_counted_in_days_up_to_the_training() -> None:
    training = (
        "kind: training\nname: induction\naudience: [ann]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: 2026-03-20}\n"
    )
    (finding,) = found("OP312", contract(training, roster(weekly("ann", "bob"))))
    assert finding.repeats == Recurrence(8, date(2026, 3, 2))


def test_a_scheduled_training_keeps_nobody_off_a_roster() -> None:
    training = (
        "kind: training\nname: refresher\naudience: [ann]\nbefore: quarterly on day 1 at 10:00\ncontent: {en: all}\n"
        "trainer: cho\n"
    )
    assert not found("OP312", contract(training, roster("people: [ann]")))


def test_a_certificate_holds_on_its_last_day() -> None:
    holder = person("ann", "until: 2026-06-30\ncertificates: [{name: network, until: 2026-06-30}]")
    assert not found("OP314", contract(roster("people: [ann]\nrequires: {certificates: [network]}"), holder))


def test_duty_after_the_last_day_of_a_certificate_is_counted_in_days() -> None:
    ann = person("ann", "certificates: [{name: network, until: 2026-11-30}]")
    bob = person("bob", "certificates: [{name: network}]")
    turns = roster(weekly("ann", "bob") + "\nrequires: {certificates: [network]}")
    assert not found("OP314", contract(turns, ann, bob)), "there is time to renew it"
    (finding,) = found("OP314", contract(turns, ann, bob), day=date(2026, 11, 1))
    assert (finding.severity, finding.repeats) == (Severity.NOTE, Recurrence(18, date(2026, 12, 1)))
    (finding,) = found("OP314", contract(turns, ann, bob), day=date(2026, 11, 16))
    assert finding.severity is Severity.WARNING
    (finding,) = found("OP314", contract(turns, ann, bob), day=date(2026, 12, 1))
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("day", "severity"),
    [
        ("2026-09-30", None),
        ("2026-10-01", Severity.NOTE),
        ("2026-11-16", Severity.WARNING),
        ("2026-12-01", Severity.WARNING),
    ],
)
def test_a_certificate_that_no_roster_requires_ends_too(day: str, severity: Severity | None) -> None:
    holder = person("ann", "certificates: [{name: other}, {name: network, until: 2026-11-30}]")
    said = found("OP317", contract(holder, roster("people: [bob]")), day=date.fromisoformat(day))
    assert [(finding.severity, finding.subject) for finding in said] == ([(severity, "network")] if severity else [])


def test_a_certificate_of_somebody_who_has_left_is_not_reported() -> None:
    holder = person("ann", "until: 2026-10-31\ncertificates: [{name: network, until: 2026-11-30}]")
    assert not found("OP317", contract(holder, roster("people: [bob]")), day=date(2026, 11, 15))


def test_somebody_who_leaves_later_may_still_be_named() -> None:
    assert not found("OP320", contract(roster("people: [ann, bob]"), person("ann", "until: 2026-03-02")))
    (finding,) = found("OP320", contract(roster("people: [ann, bob]"), person("ann", "until: 2026-03-01")))
    assert (finding.policy, finding.subject) == ("roster/hotline", "ann")
    assert data(finding.message) == {"2026-03-01", "roster/hotline"}


def test_who_has_left_is_told_on_the_line_that_names_them() -> None:
    left = person("ann", "until: 2026-03-01")
    ladder = "kind: ladder\nname: all\nsteps:\n- tell: team hotline\n  by: [telephone]\n  acknowledge_within: 5m\n"
    ladder += "- tell: person ann\n  by: [telephone]\n"
    service = "kind: service\nname: web\nhosts: all\nowner: ann\n"
    device = "kind: device\nname: switch\nowner: ann\naddress: 10.0.0.1\nprobed_from: app1\nnormal: [{ping: {}}]\n"
    said = contract(left, ladder, service, device, roster("people:\n- bob\n- ann"))
    sources = {finding.policy: finding.source for finding in found("OP320", said)}
    assert sources == {
        "ladder/all": "- tell: person ann",
        "service/web": "owner: ann",
        "device/switch": "owner: ann",
        "roster/hotline": "- ann",
    }


def test_records_of_somebody_who_has_left_stay() -> None:
    left = person("ann", "until: 2026-02-28")
    training = (
        "kind: training\nname: induction\naudience: [hotline]\nbefore: first duty\ncontent: {en: all}\ntrainer: cho\n"
        "done: {ann: 2026-01-01}\n"
    )
    over = override("over", "from: 2026-02-01T00:00\nto: 2026-02-02T00:00\naway: ann")
    ahead = override("ahead", "from: 2026-04-01T00:00\nto: 2026-04-02T00:00\naway: ann")
    said = contract(left, training, roster("people: [bob]"), over, ahead)
    assert [(finding.policy, finding.subject) for finding in found("OP320", said)] == [("override/ahead", "ann")]
