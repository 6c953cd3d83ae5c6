"""What a code means, said: what it finds, why that matters, how to fix it, an example.

Comes in: a rule with its examples, or a refusal. Goes out: lines, JSON.
"""

from collections.abc import Iterator

from opspact.analyse import example
from opspact.analyse.refusals import REFUSALS, Refusal
from opspact.analyse.registry import RULES
from opspact.analyse.rule import Rule
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.structs import Struct, asdict


class Explained(Struct):
    """A code in words. `bad` is found or refused, `good` is not; `before` is what they are compared with."""

    code: str
    severity: str
    family: str
    title: str
    why: str
    remedy: str
    bad: str = ""
    good: str = ""
    before: str = ""


def explained(code: str) -> Explained | None:
    """Given a code, return what it means; None when there is no such code."""
    match RULES.get(code) or REFUSALS.get(code):
        case Rule() as rule:
            shown = {which: example.text(code, which).strip() for which in ("bad", "good", "before")}
            return Explained(code, rule.severity.value, rule.family, rule.title, rule.why, rule.remedy, **shown)
        case Refusal(title=title, why=why, remedy=remedy, example=bad):
            return Explained(code, "refused", "reading", title, why, remedy, bad)
        case _:
            return None


def every_code() -> tuple[str, ...]:
    """Return all codes in order."""
    return tuple(sorted({*RULES, *REFUSALS}))


def explained_lines(found: Explained) -> Iterator[Line]:
    """Given what a code means, yield its lines for people."""
    yield line((f"{found.code}  ", "title"), f"{found.title}  ", (f"({found.severity}, {found.family})", "quiet"))
    yield line()
    yield line(found.why, hang=0)
    yield line(found.remedy, hang=0)
    for heading, text in (
        ("Before:", found.before),
        ("Example:", found.bad),
        ("Corrected:", found.good),
    ):
        if text:
            yield line()
            yield line((heading, "quiet"))
            yield from (line(each, indent=2, hang=len(each) - len(each.lstrip()) + 2) for each in text.splitlines())


def index_lines() -> Iterator[Line]:
    """Yield a line for every code."""
    for found in map(explained, every_code()):
        if found:
            yield line((f"{found.code}  ", "title"), (f"{found.severity:<9}", "quiet"), found.title, hang=16)


def explained_json(found: Explained) -> str:
    """Given what a code means, return it as one JSON object."""
    return document("explain", asdict(found))
