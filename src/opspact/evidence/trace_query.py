"""What a trace is asked for: a name is taken for a clause, a policy, a host or a step, in this order.

Comes in: a trace, each host's work, a name. Goes out: what is meant.
"""

from collections.abc import Mapping

from opspact.compile.shape import Work
from opspact.errors import Refused
from opspact.evidence.trace import PolicyTrace, TargetType, Trace, TraceTarget
from opspact.text.suggestions import did_you_mean


def find_target(traced: Trace, work: Mapping[str, Work], name: str) -> TraceTarget:
    """Given a trace, each host's work and a name (a policy's or step's with its kind or without), return what is meant.

    Raise Refused when nothing has the name, or when several policies have.
    """
    for clause in traced.clauses:
        if clause.clause.name == name:
            return TraceTarget(name, TargetType.CLAUSE, (clause,), clause.policies)
    policies = traced.policies()
    if found := [each for full, each in policies.items() if name in {full, each.policy.name}]:
        return TraceTarget(name, TargetType.POLICY, (), (_only(name, found),))
    if name in work:
        return TraceTarget(name, TargetType.HOST)
    distinct = {id(of_host): of_host for of_host in work.values()}.values()  # a large fleet shares its work
    steps = {word for of_host in distinct for step in of_host.make for word in (step.subject, step.identity)}
    if name in steps:
        return TraceTarget(name, TargetType.STEP)
    known = [clause.clause.name for clause in traced.clauses]
    known += [word for full, each in policies.items() for word in (full, each.policy.name)]
    raise Refused(
        f'no clause, policy, host or step is named "{name}"', hint=did_you_mean(name, [*known, *work, *steps])
    )


def _only(name: str, found: list[PolicyTrace]) -> PolicyTrace:
    if len(found) > 1:
        named = ", ".join(str(each.policy) for each in found)
        raise Refused(f'{len(found)} policies are named "{name}"', hint=f"specify the kind: {named}")
    return found[0]
