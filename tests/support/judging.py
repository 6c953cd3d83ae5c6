"""What single rules say about a few policies, for tests of rules."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from building import INVENTORY, tree

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding
from opspact.model.measurements import Measurement, Measurements
from opspact.resolve.contract import resolve

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
NOTHING = Measurements()


def measurement(value: float) -> Measurement:
    return Measurement(value, NOW)


def found(
    code: str, *policies: str, inventory: str = INVENTORY, measurements: Measurements = NOTHING, day: date = DAY
) -> tuple[Finding, ...]:
    """Return what one rule finds in a contract of these policies."""
    return analyse(RuleContext(resolve(tree(*policies, inventory=inventory)), day, measurements), [RULES[code]])


def messages(findings: Iterable[Finding]) -> list[str]:
    return [finding.message for finding in findings]


def said(
    code: str, *policies: str, inventory: str = INVENTORY, measurements: Measurements = NOTHING, day: date = DAY
) -> list[str]:
    """Return the messages of one rule about a contract of these policies."""
    return messages(found(code, *policies, inventory=inventory, measurements=measurements, day=day))
