"""What is wrong with a template, said at the place where it can be corrected.

Comes in: what rendering raised, and the problem's place in the policy. Goes out: a problem.
"""

import traceback

from opspact.errors import Problem
from opspact.model.inventory.host import Host
from opspact.resolve.template_names import TemplateScope, remedy
from opspact.resolve.variable_templates import VariableError
from opspact.schema.inventory.definitions import definition
from opspact.structs import Struct, replace

_FILE_NAME_IN_JINJA = "<template>"


class TemplateProblem(Struct):
    """A template that does not render: the problem at the place of its cause, and the one in the policy.

    They are the same one unless an inventory variable is the cause, which may be that of many templates.
    """

    cause: Problem
    in_policy: Problem

    def add_to(self, problems: list[Problem]) -> None:
        """Given the problems so far, add the cause; where it is among them, what refers to it."""
        is_known = self.cause.missing and any(each.missing == self.cause.missing for each in problems)
        problems.append(self.in_policy if is_known else self.cause)


def template_problem(error: Exception, at: Problem, *, host: Host, scope: TemplateScope) -> TemplateProblem:
    """Given what rendering raised for a host, and a problem at the place in the policy, return the ones to show."""
    problem = replace(at, hint=remedy(error, host, scope))
    if not isinstance(error, VariableError):
        return TemplateProblem(problem, problem)
    groups = scope.inventory.groups_of[host.name]
    found = definition(scope.files, error.variable, error.text, host=host.name, groups=groups)
    if found is None:
        return TemplateProblem(problem, problem)
    problem = replace(problem, missing=f"{found.place} {error}")
    message = f"{at.message} (used at {at.place})"
    cause = replace(problem, place=found.place, source=found.source, message=message, where="")
    return TemplateProblem(cause, problem)


def line_of(error: Exception) -> int:
    """Given what rendering raised, return the line of the template; 0: unknown, or that of a variable's."""
    if isinstance(error, VariableError):
        return 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == _FILE_NAME_IN_JINJA]
    return getattr(error, "lineno", None) or (lines[-1] if lines else 0)
