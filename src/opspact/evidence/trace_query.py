"""What a trace is asked for: a name is taken for a clause, a policy, a host or a step, in this order.

Comes in: a trace, a compiled contract, a name. Goes out: what is meant.
"""

from opspact.errors import Refused
from opspact.evidence.trace import Asked, AskedAs, PolicyTrace, Trace
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import Compiled


def policies_of(traced: Trace) -> dict[str, PolicyTrace]:
    """Given a trace, return every policy that it knows, by `kind/name`, in the order of these."""
    found = {str(each.policy): each for clause in traced.clauses for each in clause.policies}
    found |= {str(each.policy): each for each in traced.unclaimed}
    return dict(sorted(found.items()))


def asked_for(traced: Trace, head: Compiled, name: str) -> Asked:
    """Given a trace and a name (a policy's with its kind or without, a step's with its kind or without), return both.

    Raise Refused when it is nobody's name, or that of several policies.
    """
    for clause in traced.clauses:
        if clause.clause.name == name:
            return Asked(name, AskedAs.CLAUSE, (clause,), clause.policies)
    policies = policies_of(traced)
    if found := [each for full, each in policies.items() if name in {full, each.policy.name}]:
        return Asked(name, AskedAs.POLICY, (), (_only(name, found),))
    if name in head.work:
        return Asked(name, AskedAs.HOST)
    distinct = {id(work): work for work in head.work.values()}.values()  # a large fleet shares its work
    steps = {word for work in distinct for step in work.make for word in (step.subject, step.identity)}
    if name in steps:
        return Asked(name, AskedAs.STEP)
    known = [clause.clause.name for clause in traced.clauses]
    known += [word for full, each in policies.items() for word in (full, each.policy.name)]
    raise Refused(
        f"there is no clause, no policy, no host and no step {name!r}",
        hint=did_you_mean(name, [*known, *head.work, *steps]),
    )


def _only(name: str, found: list[PolicyTrace]) -> PolicyTrace:
    if len(found) > 1:
        named = ", ".join(str(each.policy) for each in found)
        raise Refused(f"{len(found)} policies are called {name!r}", hint=f"name one with its kind: {named}")
    return found[0]
