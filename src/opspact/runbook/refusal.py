"""Whether a runbook may start as it is written: what `check` finds wrong in it stops it here, too.

Comes in: a contract, a day, a procedure. Goes out: nothing; Refused, with every error.
"""

from datetime import date

from opspact.analyse.registry import RUNBOOK_RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.errors import Problem, Refused
from opspact.model.contract import Contract
from opspact.model.finding import Severity
from opspact.runbook.procedure import Procedure


def refuse_errors(contract: Contract, day: date, made: Procedure) -> None:
    """Given a procedure, raise Refused when rules find errors in its runbooks that nobody has accepted."""
    policies = {f"runbook/{name}" for name in made.runbooks}
    problems = [
        Problem(found.code, found.place, found.message, hint=found.help)
        for found in analyse(RuleContext(contract, day), RUNBOOK_RULES)
        if found.severity is Severity.ERROR and found.policy in policies and not found.accepted
    ]
    if problems:
        raise Refused(f"runbook {made.runbook.name} cannot start as it is written", problems)
