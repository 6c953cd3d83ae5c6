"""Every rule, by family: a new family is one module and one line here.

Comes in: the families' rules. Goes out: the registry.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.analyse import acceptance
from opspact.analyse.rule import Rule
from opspact.analyse.rules.access import access, confidentiality, secrets
from opspact.analyse.rules.backups import (
    backups,
    copies,
    databases,
    drills,
    escrow,
    exclude_patterns,
    unprotected_data,
)
from opspact.analyse.rules.contract import contract, reductions, references
from opspact.analyse.rules.desk import deadlines, ladder_people, ladders, service_levels
from opspact.analyse.rules.emergencies import (
    emergencies,
    rehearsals,
    resources,
    runbook_calls,
    runbook_fabric,
    runbook_flow,
    runbook_names,
    runbook_risk,
    runbook_safety,
    runbook_tests,
    runbook_values,
)
from opspact.analyse.rules.hosts import addresses, connections, coverage, patterns, services, variables
from opspact.analyse.rules.people import (
    absences,
    changes,
    fitness,
    guard_headcounts,
    headcounts,
    limits,
    responsibilities,
    roster_coverage,
    shared_numbers,
)
from opspact.analyse.rules.schedules import guard_periods, overlaps, schedules, windows

FAMILIES: tuple[tuple[Rule, ...], ...] = (
    contract.RULES,
    roster_coverage.RULES,
    headcounts.RULES,
    guard_headcounts.RULES,
    limits.RULES,
    fitness.RULES,
    changes.RULES,
    responsibilities.RULES,
    shared_numbers.RULES,
    absences.RULES,
    service_levels.RULES,
    ladders.RULES,
    deadlines.RULES,
    references.RULES,
    patterns.RULES,
    addresses.RULES,
    connections.RULES,
    variables.RULES,
    coverage.RULES,
    services.RULES,
    databases.RULES,
    escrow.RULES,
    emergencies.RULES,
    resources.RULES,
    runbook_safety.RULES,
    runbook_values.RULES,
    runbook_names.RULES,
    runbook_flow.RULES,
    runbook_calls.RULES,
    runbook_fabric.RULES,
    runbook_risk.RULES,
    runbook_tests.RULES,
    rehearsals.RULES,
    secrets.RULES,
    access.RULES,
    confidentiality.RULES,
    reductions.RULES,
    backups.RULES,
    copies.RULES,
    drills.RULES,
    unprotected_data.RULES,
    exclude_patterns.RULES,
    schedules.RULES,
    overlaps.RULES,
    windows.RULES,
    guard_periods.RULES,
    ladder_people.RULES,
    acceptance.RULES,
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for family in FAMILIES for rule in family})
"""Every rule by its code."""

RUNBOOK_RULES: tuple[Rule, ...] = (
    *runbook_safety.RULES,
    *runbook_values.RULES,
    *runbook_flow.RULES,
    *runbook_calls.RULES,
    *runbook_fabric.RULES,
    *runbook_risk.RULES,
    *rehearsals.RULES,
)
"""The rules about what a run of a runbook does: of a runbook with errors of theirs, no run starts."""
