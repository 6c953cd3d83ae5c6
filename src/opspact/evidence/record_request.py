"""What somebody asks to be recorded of a policy, and whether it can be.

Comes in: a contract, its ledger, what was typed. Goes out: the event to record, or Refused.
"""

from collections.abc import Iterator
from datetime import date

from opspact.compile.obligations import policy_obligations
from opspact.errors import Refused
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.obligations.obligation import RECORD_COMMAND, PersonSource
from opspact.structs import Struct
from opspact.text.suggestions import did_you_mean

LONGEST_NOTE = 2000
"""How many characters a note may have."""


class RecordRequest(Struct):
    """What is to be recorded: the policy (its name, maybe with its kind), by whom (a person, or the account of one).

    `day`: on which it was done. `found`: how many there were, None where nothing is counted. `corrects`: it takes the
    place of a record of a later day.
    """

    policy: str
    person: str
    day: date
    found: int | None = None
    note: str = ""
    corrects: bool = False


def recorded_policies(contract: Contract) -> tuple[str, ...]:
    """Given a contract, return the policies (`kind/name`) of which people record something, in their order."""
    return tuple(sorted({source.policy for source in _sources(contract)}))


def requested_record(contract: Contract, ledger: Ledger, request: RecordRequest, *, today: date) -> PersonRecorded:
    """Given a request and today's day in the contract's zone, return the event. Raise Refused for what cannot be."""
    source = _source(contract, request.policy)
    if source.command != RECORD_COMMAND:
        name = source.policy.partition("/")[2]
        raise Refused(f"`opspact record` does not record the {source.what}", hint=f"run `{source.command} {name}`")
    note = request.note.strip()
    if request.day > today:
        raise Refused(f"--on: {request.day} is in the future", hint=f"today is {today} in {contract.zone}")
    if len(note) > LONGEST_NOTE:
        raise Refused(f"--note: expected at most {LONGEST_NOTE} characters, got {len(note)}")
    if (source.minimum is None) != (request.found is None):
        needed = "required: how many were counted" if request.found is None else "not expected: nothing is counted here"
        raise Refused(f"--found: {needed}")
    person = person_of(contract, request.person, request.day)
    _check_reviewer(contract, source, person)
    _check_order(RecordedEvents(contract.name, ledger), source, request)
    return PersonRecorded(source.policy, source.what, person, request.day, request.found, note)


def _sources(contract: Contract) -> Iterator[PersonSource]:
    yield from (owed.source for owed in policy_obligations(contract) if isinstance(owed.source, PersonSource))


def _source(contract: Contract, name: str) -> PersonSource:
    """Return what people record of the policy that has a name."""
    sources = {each.policy: each for each in _sources(contract)}
    found = [policy for policy in sources if name in {policy, policy.partition("/")[2]}]
    if len(found) > 1:
        raise Refused(f'{len(found)} policies are named "{name}"', hint=f"specify the kind: {', '.join(sorted(found))}")
    if found:
        return sources[found[0]]
    policies = contract.policy_index.policies
    if known := [each for each in policies if name in {each, each.partition("/")[2]}]:
        raise Refused(f"people record nothing of {known[0]}", hint="run `opspact record` for the list")
    names = (word for policy in sources for word in (policy, policy.partition("/")[2]))
    raise Refused(f'unknown policy "{name}"', hint=did_you_mean(name, names) or "run `opspact record` for the list")


def person_of(contract: Contract, name: str, day: date) -> str:
    """Given a name or an account, return the person of the contract, who was with it on a day. Raise Refused."""
    people = contract.people
    if name not in people:
        with_account = [each.name for each in people.values() if each.account == name]
        if len(with_account) != 1:
            hint = did_you_mean(name, people) or "use --by with the name of a person policy"
            raise Refused(f'no person of the contract is named "{name}"', hint=hint)
        (name,) = with_account
    if not people[name].works_on(day):
        raise Refused(f"{name} was not with the contract on {day}", hint="--by: who did it; --on: on which day")
    return name


def _check_reviewer(contract: Contract, source: PersonSource, person: str) -> None:
    """Refuse a review of an emergency change by somebody who could not have approved it."""
    for approval in contract.approvals:
        if approval.origin.policy == source.policy and approval.role not in contract.people[person].teams:
            raise Refused(
                f"{person} does not approve for {approval.role}", hint="--by: who may approve, and reviewed it"
            )


def _check_order(recorded: RecordedEvents, source: PersonSource, request: RecordRequest) -> None:
    """Refuse a day before that of the newest record, which it would hide, unless it corrects that one."""
    newest = recorded.newest_record(source.policy, source.what)
    if newest is None or newest.event.day <= request.day:
        if request.corrects and newest is None:
            raise Refused(f"--correct: nothing is recorded of {source.policy} yet")
        return
    what = f"a record of {newest.event.day} by {newest.event.person} exists"
    if not request.corrects:
        raise Refused(what, hint="if that one is wrong, use --correct with the right day and a --note")
    if not request.note.strip():
        raise Refused(f"--correct: {what}; a note is required", hint="--note: what was wrong with it")
