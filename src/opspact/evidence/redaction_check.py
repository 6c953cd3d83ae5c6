"""The check of redactions: their sample lines are recorded like all free text, and searched for in what was recorded.

Comes in: a contract, its ledger, what a command had found there. Goes out: events, recorded.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from itertools import takewhile

from opspact.ledger.context import Context
from opspact.ledger.redaction_events import RedactionChecked
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract

_DIGITS = 12
_MOST_FOUND = 20


def check_redactions(contract: Contract, ledger: Ledger, context: Context, *, after: int) -> None:
    """Given a contract, and the event after which a command recorded its own, plant the lines of each redaction.

    Where the command recorded nothing there is nothing to search, and nothing is recorded.
    """
    checked = [each for each in contract.redactions if each.hides]
    if not checked or ledger.head().sequence <= after:
        return
    newest = takewhile(lambda it: it.sequence > after, ledger.sealed(newest_first=True))
    recorded = [(it.sequence, it.as_line()) for it in newest]
    events = [
        RedactionChecked(
            each.origin.policy,
            digest_of(each.samples),
            planted=each.hides,
            found=_found([secret for _, secret in each.samples], recorded),
        )
        for each in checked
    ]
    ledger.record_all(events, context=context)


def digest_of(samples: Iterable[tuple[str, str]]) -> str:
    """Given sample lines, each with what must be masked in it, return a short name for all of them."""
    return sha256(json.dumps(list(samples)).encode()).hexdigest()[:_DIGITS]


def _found(secrets: Iterable[str], recorded: Iterable[tuple[int, str]]) -> tuple[int, ...]:
    """Return the numbers of the events, the oldest first, that hold one of the secrets."""
    words = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets if secret]
    return tuple(sorted(number for number, line in recorded if any(word in line for word in words))[:_MOST_FOUND])
