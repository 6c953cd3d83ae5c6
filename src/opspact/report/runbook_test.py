"""Tests of runbooks, as a test runner shows them.

Comes in: results of cases. Goes out: lines, JSON, JUnit.
"""

from collections.abc import Iterator, Mapping, Sequence

from opspact.report import junit
from opspact.report.document import document
from opspact.report.lines import Line, line, shortened
from opspact.runbook.case_run import CaseResult
from opspact.structs import Struct
from opspact.text.counts import format_count


class Gaps(Struct):
    """What no case tries: runbooks without a test, and of the others the steps that no case carries out."""

    runbooks: tuple[str, ...]
    steps: Mapping[str, tuple[str, ...]]


def case_lines(results: Sequence[CaseResult], gaps: Gaps) -> Iterator[Line]:
    """Given results and what they leave out, yield a line for each case, and what is wrong below it."""
    width = max((len(each.runbook) for each in results), default=0)
    for each in results:
        state = ("passed", "good") if each.is_passed else ("failed", "bad")
        yield line((f"{each.runbook:<{width}}  ", "title"), f"{each.test}.{each.case}  ", state, hang=4)
        for problem in each.problems:
            yield line(shortened(problem), indent=4)
        if each.problems and each.steps:
            yield line((f"steps: {', '.join(map(' '.join, each.steps))}", "quiet"), indent=4)
    failed = sum(not each.is_passed for each in results)
    counts = f"{format_count(len(results) - failed, 'case')} passed"
    yield line((counts, "good"), *((", ", (f"{failed} failed", "bad")) if failed else ()))
    for name, steps in gaps.steps.items():
        yield line((f"{name}: no case carries out {', '.join(steps)}", "doubt"), hang=4)
    if gaps.runbooks:
        yield line((f"without a test: {', '.join(gaps.runbooks)}", "doubt"), hang=4)


def cases_json(results: Sequence[CaseResult], gaps: Gaps) -> str:
    """Given results and what they leave out, return one JSON object."""
    cases = [
        {
            "test": each.test,
            "runbook": each.runbook,
            "case": each.case,
            "passed": each.is_passed,
            "end": each.end,
            "steps": [{"step": step, "outcome": outcome} for step, outcome in each.steps],
            "problems": list(each.problems),
        }
        for each in results
    ]
    failed = sum(not each.is_passed for each in results)
    summary = {"cases": len(results), "passed": len(results) - failed, "failed": failed}
    uncovered = {name: list(steps) for name, steps in gaps.steps.items()}
    content = {"cases": cases, "untested": list(gaps.runbooks), "uncovered": uncovered, "summary": summary}
    return document("runbook-test", content)


def cases_junit(results: Sequence[CaseResult]) -> str:
    """Given results, return them as JUnit's XML: a case each."""
    failed = sum(not each.is_passed for each in results)
    head = f'<testsuite name="opspact runbook test" tests="{len(results)}" failures="{failed}" errors="0" skipped="0">'
    names = junit.distinct((each.runbook, f"{each.test}.{each.case}") for each in results)
    cases = [_junit_case(each, name) for each, name in zip(results, names, strict=True)]
    begin = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", f"  {head}"]
    return "".join(f"{each}\n" for each in (*begin, *cases, "  </testsuite>", "</testsuites>"))


def _junit_case(result: CaseResult, name: str) -> str:
    head = f"    <testcase name={junit.attribute(name)} classname={junit.attribute(result.runbook)}"
    if result.is_passed:
        return f"{head}/>"
    text = "; ".join(result.problems)
    return f"{head}><failure message={junit.attribute(text)}>{junit.body(text)}</failure></testcase>"
