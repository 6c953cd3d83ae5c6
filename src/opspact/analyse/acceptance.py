"""Rules about accepted findings, and what acceptance does to the findings that it is about.

Comes in: findings of other rules, what the contract accepts. Goes out: findings, those accepted turned into notes.
"""

from collections.abc import Collection, Iterable, Iterator

from opspact.analyse.expiry import format_end, severity_of_end
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Finding, Severity
from opspact.model.policies.accepted import Accepted
from opspact.structs import replace
from opspact.text.suggestions import did_you_mean

_NEVER_ACCEPTED = {
    "OP0": "input that cannot be read must be fixed",
    "OP1": "input that cannot be read must be fixed",
    "OP5": "a reduced commitment needs the approval that a policy names",
    "OP6": "findings about acceptances must be fixed",
}
"""How codes begin that no acceptance is about, and why."""

_NAMED = 10
"""So many hosts are named in what one may write."""


def _why_not(code: str) -> str:
    """Return why findings of a code cannot be accepted; empty when they can."""
    return _NEVER_ACCEPTED.get(code[:3], "")


def apply_acceptances(findings: Iterable[Finding], context: RuleContext) -> Iterator[Finding]:
    """Given findings, yield them: those that are accepted today as notes that say so, the others as they are."""
    acceptable = (accepted for accepted in context.contract.accepted if not _why_not(accepted.finding))
    valid = [accepted for accepted in acceptable if context.day <= accepted.until]
    for finding in findings:
        accepted = next((each for each in valid if each.holds_for(finding)), None)
        yield _noted(finding, accepted) if accepted else finding


def _noted(finding: Finding, accepted: Accepted) -> Finding:
    words = f"accepted by {accepted.by} until {accepted.until}: {accepted.reason}"
    return replace(finding, severity=Severity.NOTE, accepted=words)


def later(
    findings: Iterable[Finding], context: RuleContext, codes: Collection[str]
) -> Iterator[tuple[Rule, Violation]]:
    """Given what all rules found and their codes, yield what is wrong with acceptances: rules of `LATER` and hits."""
    found = tuple(findings)
    for accepted in context.contract.accepted:
        if _why_not(accepted.finding):
            continue
        meant = [finding for finding in found if accepted.is_about(finding)]
        if not meant:
            yield UNUSED, _about_nothing(accepted, context, codes)
        for finding in meant:
            if finding.about and not accepted.only:
                yield REFUSED, _about_every_host(accepted, finding)
            if accepted.only and not finding.about:
                message = f"{accepted.finding} is not a finding about hosts, so `only` does not apply"
                yield (
                    REFUSED,
                    Violation(f"accepted/{accepted.name}", message, ("only",), ("Remove `only`, or correct the code.")),
                )


def _about_every_host(accepted: Accepted, finding: Finding) -> Violation:
    message = f"{accepted.finding} must be accepted for named hosts: `only` is missing"
    first = ", ".join(finding.about[:_NAMED]) + (", …" if len(finding.about) > _NAMED else "")
    return Violation(f"accepted/{accepted.name}", message, ("finding",), f"Add only: [{first}].")


def _about_nothing(accepted: Accepted, context: RuleContext, codes: Collection[str]) -> Violation:
    """Return why an acceptance is about nothing: its code or its place is none, or nothing is found there."""
    policy, place = f"accepted/{accepted.name}", f"{accepted.file}#{accepted.policy}"
    if accepted.finding not in codes:
        return Violation(
            policy, f"no rule has the code {accepted.finding}", ("finding",), "`opspact explain` lists all codes."
        )
    places = {f"{each.origin.place.file}#{each.name}" for each in context.contract.policy_index.policies.values()}
    if place not in places:
        return Violation(policy, f"policy {place} does not exist", ("where",), did_you_mean(place, places))
    message = f"{accepted.finding} is no longer reported at {place}"
    return Violation(policy, message, ("where",), "Remove the acceptance, or correct `where`.")


def _expired(context: RuleContext) -> Iterator[Violation]:
    for accepted in context.contract.accepted:
        severity = severity_of_end(accepted.until, context.day)
        if severity is not None:
            message = f"the acceptance of {accepted.finding} {format_end(accepted.until, context.day)}"
            over = accepted.until < context.day  # its finding counts again: the rule's own severity
            yield Violation(f"accepted/{accepted.name}", message, ("until",), severity=None if over else severity)
    for known in context.contract.known_drifts:
        severity = severity_of_end(known.until, context.day)
        if severity is not None:
            message = f"the acceptance of drift {format_end(known.until, context.day)}"
            yield Violation(f"known_drift/{known.name}", message, ("until",), severity=severity)


def _not_acceptable(context: RuleContext) -> Iterator[Violation]:
    for accepted in context.contract.accepted:
        if why := _why_not(accepted.finding):
            message = f"{accepted.finding} cannot be accepted: {why}"
            yield Violation(f"accepted/{accepted.name}", message, ("finding",))


def _reported_by_run(_given: RuleContext) -> Iterator[Violation]:
    """Find nothing by itself: what is unused is known only when all other rules have spoken, so `run` reports it."""
    yield from ()


UNUSED = Rule(
    code="OP601",
    family="acceptance",
    severity=Severity.WARNING,
    title="An acceptance matches no finding",
    why="An acceptance without a finding hides the next finding at that place before anyone sees it.",
    remedy="Remove the acceptance; if the policy was moved or renamed, correct `where`.",
    find=_reported_by_run,
)
REFUSED = Rule(
    code="OP602",
    family="acceptance",
    severity=Severity.ERROR,
    title="A finding cannot be accepted",
    why=(
        "Input that cannot be read must be fixed. A reduced commitment needs the approval that a policy "
        "names. A finding about an acceptance must be fixed. A finding about hosts is accepted for named "
        "hosts only, so that it is reported for hosts added later."
    ),
    remedy="Fix the finding, or have the change approved. For a finding about hosts, name them: only: [mail1].",
    find=_not_acceptable,
)
LATER = (UNUSED, REFUSED)
"""Rules that speak when all others have."""

RULES = (
    Rule(
        code="OP600",
        family="acceptance",
        severity=Severity.ERROR,
        title="An acceptance has expired or expires soon",
        why="A finding, or drift, was accepted until a date; after that date it counts again.",
        remedy="Fix what was accepted; or accept it again, with a new date and a reason that is still valid.",
        find=_expired,
    ),
    UNUSED,
    REFUSED,
)
