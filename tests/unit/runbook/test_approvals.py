"""Approvals of steps: who may give one, of what it is, and all the ways in which it counts for nothing."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ledgers import context
from runbook_runs import RUN, People, Runs, runs, signed
from security_key import TOUCHED, SecurityKey

from opspact.errors import Refused
from opspact.fleet.ssh_signature import sign
from opspact.ledger.runbook_events import RunbookAnswered, RunbookApproved, StepOutcome
from opspact.model.contract import Contract
from opspact.model.names import PLAN_NAMESPACE, RUNBOOK_NAMESPACE
from opspact.runbook.approval_statement import SignedApproval, Statement, approval_text, read_approval
from opspact.runbook.approvals import StepApprovalStatus
from opspact.structs import replace


def standing(record: Runs, contract: Contract, at: datetime | None = None) -> StepApprovalStatus:
    return record.approvals(contract).status("agree", "replace", at=at or record.at)


def receive(record: Runs, contract: Contract, given: SignedApproval, *, at: datetime | None = None) -> str:
    """Hand an approval over; return why it does not count, empty when it does."""
    of = context(at or record.at, actor="li-na", contract="office")
    try:
        record.approvals(contract).receive([given], context=of)
    except Refused as refused:
        assert not list(record.ledger.read(RunbookApproved, contract="office"))
        return str(refused)
    return ""


def test_another_person_approves_and_it_is_recorded(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    before = standing(record, contract)
    assert not before.is_approved
    assert "1 approver from customer, not the requester" in before.words
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    assert receive(record, contract, given) == ""
    assert receive(record, contract, given) == ""  # once more: it is recorded once
    (event,) = record.ledger.read(RunbookApproved, contract="office")
    assert (event.event.person, event.event.step, event.event.roles) == ("he-jing", "agree", ("customer",))
    after = standing(record, contract)
    assert (after.is_approved, after.words) == (True, "approved by he-jing")


def test_an_approval_comes_back_from_its_file(record: Runs, people: People, tmp_path: Path) -> None:
    contract = people.contract()
    record.begin(inputs={"database": "oa; drop 表"})
    file = tmp_path / "a.approval"
    file.write_text(approval_text(signed(record.approvals(contract), people.key("he-jing"), record.at)))
    assert receive(record, contract, read_approval(file)) == ""
    for rubbish in (
        "[]",
        "{}",
        file.read_text().replace('"version": 1', '"version": 2'),
        '{"inputs": [1]}',
        "x" * 200_000,
    ):
        file.write_text(rubbish)
        with pytest.raises(Refused, match="is not an approval"):
            read_approval(file)


@pytest.mark.parametrize("actor", ["li-na", "lina", "LI-NA@example.com"])
def test_whoever_runs_it_does_not_approve_it_by_whatever_name(record: Runs, people: People, actor: str) -> None:
    contract = people.contract()
    record.begin(actor=actor)
    given = signed(record.approvals(contract), people.key("li-na"), record.at)
    assert "li-na: is the requester" in receive(record, contract, given)


def test_whoever_goes_on_with_a_run_or_answers_in_it_does_not_approve_it(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    assert receive(record, contract, given) == ""
    record.resume(actor="hejing")
    assert "he-jing: is the requester" in standing(record, contract).words


def test_an_answer_makes_a_requester(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    record.record([RunbookAnswered(RUN, "agree", "confirm", "confirmed")], actor="he-jing")
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    assert "he-jing: is the requester" in receive(record, contract, given)


def test_a_key_that_whoever_runs_it_could_use_is_theirs(record: Runs, people: People) -> None:
    """By another name in OPSPACT_ACTOR the same person would approve their own run: their key says who they are."""
    contract = people.contract()
    record.begin(actor="he-jing", people=["li-na"])
    given = signed(record.approvals(contract), people.key("li-na"), record.at)
    assert "li-na: is the requester" in receive(record, contract, given)


def test_nobody_approves_what_is_run_by_nobody_known(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin(actor="robot")
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    assert "no policy says who robot is" in receive(record, contract, given)
    assert not standing(record, contract).is_approved
    people.approval(not_requester="false")
    assert receive(record, people.contract(), given) == ""
    assert standing(record, people.contract()).is_approved


def test_an_approval_expires_also_one_that_was_received_in_time(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    late = record.at + timedelta(hours=12, minutes=1)
    assert "expired at 2026-03-02T15:" in receive(record, contract, given, at=late)
    assert receive(record, contract, given) == ""
    assert standing(record, contract).is_approved
    assert "he-jing: expired at 2026-03-02T15:" in standing(record, contract, at=late).words


def test_the_clock_of_who_signs_does_not_make_it_last_longer(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    ahead = signed(record.approvals(contract), people.key("he-jing"), record.at + timedelta(hours=1))
    assert "which is in the future" in receive(record, contract, ahead)
    behind = signed(record.approvals(contract), people.key("he-jing"), record.at - timedelta(days=1))
    assert "expired at 2026-03-01" in receive(record, contract, behind)


def test_an_approval_in_another_ledger_counts_for_nothing(record: Runs, people: People, tmp_path: Path) -> None:
    """The same run, name by name, of the same contract: only the ledger is another one."""
    contract = people.contract()
    record.begin()
    (tmp_path / "other").mkdir()
    with runs(tmp_path / "other") as elsewhere:
        elsewhere.begin(inputs={"database": "test"})
        given = signed(elsewhere.approvals(contract), people.key("he-jing"), record.at)
        assert receive(elsewhere, contract, given) == ""
        (event,) = elsewhere.ledger.read(RunbookApproved, contract="office")
    assert "it is for a run of another ledger" in receive(record, contract, given)
    record.record([event.event])
    assert "approved another state of the run" in standing(record, contract).words


def test_an_approval_of_another_contract_or_run_counts_for_nothing(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    record.begin(run="restore-2")
    other = signed(record.approvals(contract, "restore-2"), people.key("he-jing"), record.at)
    assert "it is for another run, 'restore-2'" in receive(record, contract, other)
    elsewhere = replace(record.approvals(contract), contract=people.contract(name="test"))
    given = Statement(replace(elsewhere.to_approve("agree", "replace"), started="1:" + "0" * 64), record.at)
    assert "another contract, 'test'" in receive(record, contract, SignedApproval(given, "", "a file"))


def test_an_approval_is_of_the_run_as_it_stood(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    record.end("count", attempt=2)
    assert "the run has gone on since" in receive(record, contract, given)
    again = signed(record.approvals(contract), people.key("he-jing"), record.at)
    assert receive(record, contract, again) == ""
    record.end("agree", outcome=StepOutcome.FAILED, action="approve")  # a failed wait is no progress
    assert standing(record, contract).is_approved
    record.end("count", attempt=3)
    assert "approved another state of the run" in standing(record, contract).words


def test_what_comes_after_a_step_leaves_its_approval_as_it_is(record: Runs, people: People) -> None:
    """A run that failed, or was killed, at a later step goes on with the approval that it has."""
    contract = people.contract()
    record.begin()
    assert receive(record, contract, signed(record.approvals(contract), people.key("he-jing"), record.at)) == ""
    record.end("agree", action="approve", host="")
    record.end("replace", outcome=StepOutcome.FAILED)
    record.record([RunbookAnswered(RUN, "replace", "resume", "repeat")])
    assert standing(record, contract).is_approved
    (event,) = record.ledger.read(RunbookApproved, contract="office")
    assert not record.approvals(contract).proof(event, "replace").why
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)  # as it is given again, later
    assert receive(record, contract, given) == ""
    assert standing(record, contract, at=record.at + timedelta(hours=11, minutes=58)).is_approved


@pytest.mark.parametrize("answered", [False, True])
def test_a_step_before_that_is_repeated_or_answered_later_undoes_an_approval(
    record: Runs, people: People, *, answered: bool
) -> None:
    contract = people.contract()
    record.begin()
    assert receive(record, contract, signed(record.approvals(contract), people.key("he-jing"), record.at)) == ""
    record.end("agree", action="approve", host="")
    record.end("replace", outcome=StepOutcome.FAILED)
    if answered:
        record.record([RunbookAnswered(RUN, "count", "resume", "done")])
    else:
        record.end("count", attempt=2)
    assert "approved another state of the run" in standing(record, contract).words


def test_what_comes_before_a_later_approval_is_part_of_it(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    for step in ("agree", "replace"):
        given = signed(record.approvals(contract), people.key("he-jing"), record.at, step=step)
        assert receive(record, contract, given) == ""
    record.end("agree", action="approve", host="")
    assert standing(record, contract).is_approved
    assert not record.approvals(contract).status("replace", "replace", at=record.at).is_approved


@pytest.mark.parametrize(
    "altered", [{"inputs": {"database": "hr"}}, {"targets": ("db2",)}, {"digest": "e" * 64}, {"requester": "robot"}]
)
def test_an_altered_statement_counts_for_nothing(record: Runs, people: People, altered: dict[str, object]) -> None:
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    thing = replace(given.statement.of, **altered)
    other = replace(given, statement=replace(given.statement, of=thing))
    assert "it is for other content of this run" in receive(record, contract, other)


@pytest.mark.parametrize("altered", [{"step": "replace"}, {"approved": timedelta(minutes=3)}])
def test_a_signature_is_of_one_step_and_time(record: Runs, people: People, altered: dict[str, object]) -> None:
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    statement = given.statement
    if "step" in altered:
        statement = replace(statement, of=replace(record.approvals(contract).to_approve("replace", "replace")))
    else:
        statement = replace(statement, approved=statement.approved + timedelta(minutes=3))
    assert "is not for this content" in receive(record, contract, replace(given, statement=statement))


def test_what_was_signed_for_a_plan_is_none_of_a_run(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    statement = Statement(record.approvals(contract).to_approve("agree", "replace"), record.at.replace(microsecond=0))
    made = sign(statement.signed_bytes(), PLAN_NAMESPACE, key=people.key("he-jing"))
    assert "signed for 'opspact-plan'" in receive(record, contract, SignedApproval(statement, made, "a file"))


def test_others_do_not_approve_and_forged_records_count_for_nothing(record: Runs, people: People) -> None:
    people.add("zhang-wei", "operations")
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("zhang-wei"), record.at)
    assert "zhang-wei: does not approve for customer" in receive(record, contract, given)
    stranger = signed(record.approvals(contract), people.key("eve"), record.at)
    assert "is nobody's signing key" in receive(record, contract, stranger)
    digest = given.statement.of.own_digest
    forged = RunbookApproved(
        RUN, "agree", "he-jing", "SHA256:x", record.at, ("customer",), "li-na", digest, given.signature
    )
    record.record([forged, replace(forged, fingerprint="SHA256:y", signature="none")])
    found = standing(record, contract)
    assert not found.is_approved
    assert "is not an SSH signature" in found.words


def test_two_people_approve_where_two_are_needed(record: Runs, people: People) -> None:
    people.approval(count=2)
    people.add("wang-fang")
    contract = people.contract()
    record.begin()
    assert receive(record, contract, signed(record.approvals(contract), people.key("he-jing"), record.at)) == ""
    record.at += timedelta(minutes=5)
    again = signed(record.approvals(contract), people.key("he-jing"), record.at)
    record.approvals(contract).receive([again], context=context(record.at, contract="office"))
    assert "1 more approver from customer" in standing(record, contract).words
    last = signed(record.approvals(contract), people.key("wang-fang"), record.at)
    record.approvals(contract).receive([last], context=context(record.at, contract="office"))
    assert standing(record, contract).words == "approved by he-jing, wang-fang"


def test_a_key_that_was_revoked_later_has_approved_but_approves_no_more(record: Runs, people: People) -> None:
    contract = people.contract()
    record.begin()
    given = signed(record.approvals(contract), people.key("he-jing"), record.at)
    assert receive(record, contract, given) == ""
    people.add("he-jing", of_key=", revoked: 2026-03-02T12:00")  # 04:00 UTC
    assert standing(record, people.contract()).is_approved
    record.end("count", attempt=2)
    record.at += timedelta(hours=2)
    late = signed(record.approvals(contract), people.key("he-jing"), record.at)
    with pytest.raises(Refused, match="is not valid since 2026-03-02T04:00:00Z"):
        record.approvals(people.contract()).receive([late], context=context(record.at, contract="office"))


def test_where_nobody_has_a_key_nothing_is_approved(record: Runs, people: People) -> None:
    people.add("he-jing", "operations")
    people.add("li-na", "operations")
    record.begin()
    found = standing(record, people.contract())
    assert not found.is_approved
    assert "nobody of customer has a signing key" in found.words
    with pytest.raises(Refused, match="there is no approval other"):
        record.approvals(people.contract()).status("agree", "other", at=record.at)


@pytest.mark.parametrize("flags", [TOUCHED, 0])
def test_a_security_key_has_to_be_touched(record: Runs, people: People, flags: int) -> None:
    key = SecurityKey()
    people.add("he-jing", line=key.line)
    contract = people.contract()
    record.begin()
    statement = Statement(record.approvals(contract).to_approve("agree", "replace"), record.at.replace(microsecond=0))
    made = key.sign(statement.signed_bytes(), RUNBOOK_NAMESPACE, flags=flags)
    said = receive(record, contract, SignedApproval(statement, made, "a file"))
    assert ("was not touched for it" in said) == (not flags)
    assert standing(record, contract).is_approved == bool(flags)
