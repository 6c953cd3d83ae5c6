"""Types of events: what is sealed of each, and how each comes back."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from job_results import job_result
from ledgers import BEGINNING, SAMPLES, append, context

from opspact.errors import LedgerInvalid
from opspact.ledger.apply_events import ApplyStarted, HostAddress, HostChecked, PolicyApplied
from opspact.ledger.canonical import canonical_json
from opspact.ledger.codec import from_data, to_data
from opspact.ledger.event import Entry
from opspact.ledger.events import EVENT_TYPES, AnyEvent, entry_of
from opspact.ledger.run_events import LeaseTaken, StageFinished
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.structs import fields

BODIES = Path(__file__).with_name("bodies.jsonl")
"""The sealed form of each sample: while a type keeps its version, its lines here never change."""


def test_there_is_a_sample_of_every_type_with_no_field_at_its_default() -> None:
    assert {type(sample) for sample in SAMPLES} == set(EVENT_TYPES.values())
    for sample in SAMPLES:
        assert len(to_data(sample)) == len(fields(sample)), sample.kind


def test_what_is_sealed_of_each_type_never_changes_within_a_version() -> None:
    sealed = [
        {name: getattr(entry_of(sample, context()), name) for name in ("kind", "version", "subject", "key", "body")}
        for sample in SAMPLES
    ]

    assert [canonical_json(each) for each in sealed] == BODIES.read_text(encoding="utf-8").splitlines()


def test_every_event_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    written = ledger.record_all(SAMPLES, context=context(plan_digest="d1")).recorded

    assert tuple(ledger.read_any()) == written
    assert tuple(each.event for each in written) == SAMPLES
    assert [each.sequence for each in written] == list(range(1, len(SAMPLES) + 1))
    first = written[0]
    assert (first.at, first.actor, first.contract) == (BEGINNING, "li-na", "office-automation")
    assert (first.commit, first.plan_digest, written[-1].head) == ("a1b2c3", "d1", ledger.head())


def test_each_type_is_read_by_its_contract_and_subject(ledger: Ledger) -> None:
    ledger.record_all(SAMPLES, context=context())
    ledger.record_all(SAMPLES, context=context(contract="other"))

    def read(sample: AnyEvent, **choice: Any) -> list[AnyEvent]:
        return [each.event for each in ledger.read(type(sample), **choice)]

    for sample in SAMPLES:
        assert read(sample, contract="office-automation") == [sample]
        assert read(sample, contract="office-automation", subject=sample.subject) == [sample]
        assert read(sample, contract="office-automation", subject=f"{sample.subject}0") == []
        assert read(sample, contract="nobody's") == []


@pytest.mark.parametrize(
    ("event", "subject", "key"),
    [
        (PolicyApplied("backup/daily", "d", previous=4), "policy/backup/daily", "backup/daily 4"),
        (
            job_result("backup/daily", "db1", 7, spool="0123456789ab"),
            "job/backup/daily/host/db1",
            "backup/daily db1 0123456789ab:7",
        ),
        (LeaseTaken("db1", 3, "r1", BEGINNING), "host/db1", "db1 3"),
    ],
)
def test_subjects_and_keys_are_these(event: AnyEvent, *, subject: str, key: str) -> None:
    assert (subject, key) == (event.subject, event.key)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": 5}, "body.host is 5, not text"),
        ({"planned": True}, "body.planned is True, not a whole number"),
        ({"planned": 1.0}, "body.planned is 1.0, not a whole number"),
        ({"source": "guess"}, "body.source is 'guess', not apply or verify"),
        ({"not_ok": []}, r"body.not_ok is \[\], not an object"),
        ({"policies": {"a/b": {"ok": "1"}}}, "body.policies.a/b.ok is '1', not a whole number"),
        ({"colour": "red"}, "body has colour, which is not known here"),
        ({"host": None}, "body.host is None, not text"),
    ],
)
def test_a_body_that_this_type_does_not_write_is_refused(ledger: Ledger, change: dict[str, Any], *, words: str) -> None:
    sample = next(each for each in SAMPLES if isinstance(each, HostChecked))
    append(ledger, Entry(**envelope(sample, body={**sample.to_body(), **change})))

    with pytest.raises(LedgerInvalid, match=rf"event 1 \(host\.checked\) cannot be read: {words}") as caught:
        list(ledger.read(HostChecked, contract="office-automation"))

    assert caught.value.hint


def envelope(event: AnyEvent, **changes: Any) -> dict[str, Any]:
    entry = entry_of(event, context())
    return {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry) if field.init} | changes


def test_a_body_without_a_field_that_has_no_default_is_refused() -> None:
    with pytest.raises(ValueError, match="body has no contract_digest, source"):
        from_data(HostChecked, {"host": "app1"})


def test_a_subject_that_is_not_the_bodys_is_refused(ledger: Ledger) -> None:
    sample = SAMPLES[0]
    append(ledger, Entry(**envelope(sample, subject="run/other")))

    with pytest.raises(LedgerInvalid, match="its subject or key is not that of its body"):
        list(ledger.read_any())


def test_an_event_of_a_newer_version_is_refused_by_name(ledger: Ledger) -> None:
    sample = SAMPLES[0]
    append(ledger, Entry(**envelope(sample, version=2)))

    with pytest.raises(
        LedgerInvalid, match=r"event 1 is apply\.started version 2, written by a newer opspact"
    ) as caught:
        list(ledger.read(type(sample), contract="office-automation"))

    assert "newer" in caught.value.hint


def test_an_event_of_an_unknown_kind_is_refused_by_name_and_exported_all_the_same(ledger: Ledger) -> None:
    append(ledger, Entry(at=BEGINNING, actor="li-na", kind="drill.planned", contract="c"))

    with pytest.raises(LedgerInvalid, match=r"event 1 is drill\.planned version 1, written by a newer opspact"):
        list(ledger.read_any())
    assert [event.kind for event in ledger.sealed()] == ["drill.planned"]


def test_what_has_its_default_is_not_written() -> None:
    assert to_data(HostAddress("192.0.2.7")) == {"address": "192.0.2.7"}
    assert from_data(HostAddress, {}) == HostAddress()


def test_keys_of_mappings_are_values_of_their_enumeration() -> None:
    started = ApplyStarted({"app1": {Action.ADD: ("file /etc/motd",)}})
    assert started.to_body() == {"hosts": {"app1": {"add": ["file /etc/motd"]}}}
    assert ApplyStarted.from_body(started.to_body(), 1) == started
    with pytest.raises(ValueError, match=r"body\.hosts\.app1\.drop is 'drop', not add or change"):
        ApplyStarted.from_body({"hosts": {"app1": {"drop": []}}}, 1)


def test_a_value_that_json_does_not_have_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="bytes has no JSON data"):
        to_data(b"scrapped")


def test_bodies_hold_plain_json() -> None:
    for line in BODIES.read_text(encoding="utf-8").splitlines():
        kind = json.loads(line)["kind"]
        assert EVENT_TYPES[kind].from_body(json.loads(line)["body"], 1) in SAMPLES


def test_an_outcome_is_told_by_its_word() -> None:
    stages = [each for each in SAMPLES if isinstance(each, StageFinished)]

    assert [each.to_body()["outcome"] for each in stages] == ["failed"]
