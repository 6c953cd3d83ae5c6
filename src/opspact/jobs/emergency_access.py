"""Emergency access: ask hosts to open accounts for a time, or to close them before it is over.

In: an access policy, a person, hosts. Out: answers, recorded. The hosts close what they opened by themselves.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from opspact.errors import NothingFound, Refused
from opspact.fleet.failures import HostLost, quoted
from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.jobs.host_command import ABSENT, program_command
from opspact.ledger.access_events import AccessGranted, AccessOutcome, AccessReported
from opspact.ledger.context import Context
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import emergency_access_job
from opspact.model.policies.access import Access
from opspact.model.policies.person import Person
from opspact.structs import Struct
from opspact.text.suggestions import did_you_mean
from opspact.values.duration import Duration

LONGEST_REASON = 300
"""How many characters a reason may have."""
_PATIENCE = 120.0  # seconds for a host to open or close an account
_PROGRAM = "emergency_access"

Closed = str | HostLost | None
"""What a host closed: the name of the grant; empty: nothing was open; None: it could not; or it was not reached."""


class AccessRequest(Struct):
    """What is to be granted: access by a policy, to a person, for so long, on these hosts, and why."""

    access: Access
    person: Person
    length: Duration
    reason: str
    hosts: tuple[str, ...]

    def event(self, context: Context) -> AccessGranted:
        """Given when and by whom it is granted, return the event; its name is new."""
        return AccessGranted(
            grant=secrets.token_hex(4),
            policy=self.access.origin.policy,
            person=self.person.name,
            account=names.emergency_account(self.person.account),
            hosts=self.hosts,
            until=(context.at + self.length.time).replace(microsecond=0),
            reason=self.reason,
        )


def emergency_policy(contract: Contract, name: str) -> Access:
    """Given a name, return the policy of emergency access that has it. Raise Refused when there is none."""
    found = {each.name: each for each in contract.accesses if each.emergency}
    plain = name.removeprefix("access/")
    if plain in found:
        return found[plain]
    if any(each.name == plain for each in contract.accesses):
        raise Refused(f"access/{plain} is open all the time: it has no `emergency`")
    raise Refused(f'unknown policy "{name}"', hint=did_you_mean(plain, found) or "it must have `emergency`")


def requested_access(access: Access, person: Person, *, length: Duration, reason: str) -> AccessRequest:
    """Given a policy and who asks for what, return the request, for all its hosts. Raise Refused for what cannot be."""
    if access.emergency is None:
        raise ValueError("not a policy of emergency access")
    if length.time > access.emergency.at_most.time:
        raise Refused(f"--for: {length} is longer than {access.origin.policy} allows: {access.emergency.at_most}")
    if length.time < timedelta(seconds=1):
        raise Refused("--for: expected at least 1s")
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Refused(f"--reason: expected 1 to {LONGEST_REASON} characters of text")
    return AccessRequest(access, person, length, reason, access.hosts)


def member(access: Access, contract: Contract, name: str, *, day: date) -> Person:
    """Given a policy and a name, or an account, return the person who may get the access on that day. Raise Refused."""
    by_account = {contract.people[each].account: each for each in access.people}
    person = name if name in access.people else by_account.get(name, "")
    if not person:
        raise Refused(f'{access.origin.policy} does not name "{name}"', hint=did_you_mean(name, access.people))
    if not contract.people[person].works_on(day):
        raise Refused(f"{person} is not with the contract on {day}")
    if not contract.people[person].keys:
        raise Refused(f"{person} has no key in the policies")
    return contract.people[person]


class AccessManager(Struct):
    """Grants over sessions, recorded in a ledger. `context` gives who does it, now, for which contract."""

    sessions: Sessions
    ledger: Ledger
    context: Callable[[], Context]

    def grant(self, request: AccessRequest) -> tuple[AccessGranted, Sequence[AccessReported]]:
        """Given a request, record it, have the hosts open the account, and record and return what each answered."""
        if not request.hosts:
            raise NothingFound("no host of the policy is chosen")
        context = self.context()
        event = self.ledger.record(request.event(context), context=context).event
        seconds = f"{request.length.seconds:.0f}"
        words = ("grant", event.account, seconds, event.grant, context.actor, event.reason)
        command = program_command(_PROGRAM, _settings(request.access), *words)
        done = self.sessions.each(lambda session: session.run(command, timeout=_PATIENCE), request.hosts)
        answers = [_answered(event, host, done[host]) for host in request.hosts]
        self.ledger.record_all(answers, context=self.context())
        return event, answers

    def revoke(self, access: Access, accounts: Sequence[str], hosts: Sequence[str]) -> Mapping[tuple[str, str], Closed]:
        """Given a policy, accounts and hosts, have these close them; return what each closed, by host and account."""
        by = self.context().actor
        asked = {each: program_command(_PROGRAM, _settings(access), "revoke", each, by) for each in accounts}
        found = self.sessions.each(partial(_each_closed, commands=asked), hosts)
        return {
            (host, account): answer if isinstance(answer, HostLost) else answer[account]
            for host, answer in found.items()
            for account in accounts
        }

    def record_absent(self, access: Access, grant: str, host: str) -> None:
        """Record that a host never opened a grant of which it knows nothing."""
        words = "the host knows nothing of it"
        event = AccessReported(grant, access.origin.policy, host, AccessOutcome.NOT_OPENED, words)
        self.ledger.record(event, context=self.context())


def _settings(access: Access) -> str:
    return names.settings(emergency_access_job(access).key)


def _each_closed(session: Session, commands: Mapping[str, str]) -> dict[str, str | None]:
    """Have a host close accounts; return what was granted of each, empty: nothing, None: it could not."""
    closed: dict[str, str | None] = {}
    for account, command in commands.items():
        said = _said(session.run(command, timeout=_PATIENCE))
        closed[account] = str(said.get("grant", "")) if said is not None else None
    return closed


def _said(done: Completed) -> Mapping[str, object] | None:
    """Return what the program on a host answered; None: it did not do what it was asked."""
    try:
        found = json.loads(done.stdout) if done.rc == 0 else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _answered(event: AccessGranted, host: str, done: Completed | HostLost) -> AccessReported:
    """Return what a host did about a grant. Of one that was lost meanwhile nobody knows."""
    answer, detail = AccessOutcome.NOT_OPENED, ""
    if isinstance(done, HostLost):
        answer, detail = AccessOutcome.UNKNOWN, done.detail
    elif done.rc == ABSENT:
        detail = "the policy is not applied there: apply it first"
    elif _said(done) is not None:
        answer = AccessOutcome.OPENED
    else:
        detail = quoted(done.stderr).removeprefix(f"{_PROGRAM}: ") or f"exit status {done.rc}"
    return AccessReported(event.grant, event.policy, host, answer, detail)
