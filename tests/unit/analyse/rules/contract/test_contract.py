"""The end of the contract, and of an acceptance, is reported ahead of the day."""

from datetime import date

import pytest
from analysing import found

from opspact.model.finding import Severity

AHEAD = [
    ("2026-10-31", None),
    ("2026-11-01", Severity.NOTE),
    ("2026-12-16", Severity.NOTE),
    ("2026-12-17", Severity.WARNING),
    ("2026-12-31", Severity.WARNING),
]


@pytest.mark.parametrize(("day", "severity"), [*AHEAD, ("2027-01-02", Severity.WARNING)])
def test_the_end_of_the_period_is_reported_60_days_ahead(day: str, severity: Severity | None) -> None:
    said = found("OP200", day=date.fromisoformat(day))
    assert [finding.severity for finding in said] == ([severity] if severity else [])


@pytest.mark.parametrize(("day", "severity"), [*AHEAD, ("2027-01-02", Severity.ERROR)])
def test_the_end_of_an_acceptance_is_reported_60_days_ahead(day: str, severity: Severity | None) -> None:
    accepted = (
        "kind: accepted\nname: over\nfinding: OP200\nwhere: policies/contract.yaml#office\nreason: r\nby: operations\n"
    )
    said = found("OP600", accepted + "until: 2026-12-31\n", day=date.fromisoformat(day))
    assert [finding.severity for finding in said] == ([severity] if severity else [])
