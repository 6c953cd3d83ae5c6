"""Every rule, by family: a new family is one module and one line here.

Comes in: the families' rules. Goes out: the registry. Read by `run`, by `explain`, by tests over all rules.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.analyse import (
    acceptance,
    access_rules,
    backup_rules,
    confidentiality_rules,
    contract_rules,
    copy_rules,
    coverage_rules,
    database_rules,
    deadline_rules,
    drill_rules,
    emergency_rules,
    ladder_rules,
    overlap_rules,
    pattern_rules,
    people_change_rules,
    people_coverage_rules,
    people_fit_rules,
    people_ladder_rules,
    people_limit_rules,
    people_number_rules,
    reference_rules,
    schedule_rules,
    secret_rules,
    service_rules,
    sla_rules,
    unbacked_rules,
    weakening_rules,
    window_rules,
)
from opspact.analyse.rule import Rule

FAMILIES: tuple[tuple[Rule, ...], ...] = (
    contract_rules.RULES,
    people_coverage_rules.RULES,
    people_number_rules.RULES,
    people_limit_rules.RULES,
    people_fit_rules.RULES,
    people_change_rules.RULES,
    sla_rules.RULES,
    ladder_rules.RULES,
    deadline_rules.RULES,
    reference_rules.RULES,
    pattern_rules.RULES,
    coverage_rules.RULES,
    service_rules.RULES,
    database_rules.RULES,
    emergency_rules.RULES,
    secret_rules.RULES,
    access_rules.RULES,
    confidentiality_rules.RULES,
    weakening_rules.RULES,
    backup_rules.RULES,
    copy_rules.RULES,
    drill_rules.RULES,
    unbacked_rules.RULES,
    schedule_rules.RULES,
    overlap_rules.RULES,
    window_rules.RULES,
    people_ladder_rules.RULES,
    acceptance.RULES,
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for family in FAMILIES for rule in family})
"""Every rule by its code."""
