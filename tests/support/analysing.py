"""What rules say of a contract made of a few policies, for tests of rules."""

from collections.abc import Mapping
from datetime import date

from building import DAY, tree

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding
from opspact.resolve.contract import resolve


def found(
    code: str,
    *policies: str,
    day: date = DAY,
    inventory: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
) -> tuple[Finding, ...]:
    """Return what one rule finds in a contract of these policies, the inventory and files of `building`."""
    kept = {} if inventory is None else {"inventory": inventory}
    return analyse(RuleContext(resolve(tree(*policies, files=files, **kept)), day), [RULES[code]])


def messages(code: str, *policies: str, files: Mapping[str, str | bytes] | None = None) -> list[str]:
    """Return the messages of what one rule finds."""
    return [finding.message for finding in found(code, *policies, files=files)]


def policies(code: str, *written: str) -> list[str]:
    """Return the policies in which one rule finds something, in order."""
    return [finding.policy for finding in found(code, *written)]


def lines(code: str, *written: str) -> list[tuple[str, str]]:
    """Return the policies in which one rule finds something, and the written lines that it points at, in order."""
    return [(finding.policy, finding.source.strip()) for finding in found(code, *written)]
