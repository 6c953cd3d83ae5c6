"""A verify for scripts: one JSON object, or JUnit XML.

In: what a verify comes to. Out: text.
"""

from opspact.plan.orphan import OrphanHost
from opspact.report import junit
from opspact.report.document import document
from opspact.report.origins import origin_data, origin_text
from opspact.report.orphans import orphan_data, orphan_texts
from opspact.report.verify_result import HostFindings, VerifyResult
from opspact.steps.check import Check, HostResult, Reach, State


def verify_json(result: VerifyResult) -> str:
    """Given what a verify comes to, return one JSON object; `planned == ok + failed + unknown`."""
    return document(
        "verify",
        {
            "hosts": [_host_data(each, result.of(each.name)) for each in result.survey.results.values()],
            "summary": {
                "planned": result.planned,
                **{state.value: result.count(state) for state in State},
                "hosts": len(result.survey.results),
                "unreachable": result.unreachable,
                "orphans": result.orphans,
                "manifests_not_ok": sum(result.manifests.values()),
                "left_the_inventory": len(result.orphan_hosts),
            },
            "left_the_inventory": orphan_data(result.orphan_hosts),
        },
    )


def _host_data(result: HostResult, findings: HostFindings) -> dict[str, object]:
    return {
        "name": result.name,
        "reachable": result.reach is Reach.REACHED,
        "reach": result.reach.value,
        "detail": result.detail,
        "checks": [
            {
                "step": check.step.identity,
                **origin_data(check.step),
                "state": check.state.value,
                "detail": check.detail,
            }
            for check in result.checks
        ],
        "manifest": {
            "state": findings.manifest.state.value if result.reach is Reach.REACHED else State.UNKNOWN.value,
            "detail": findings.manifest.detail,
        },
        "orphans": [
            {"step": change.step.identity, "stays": stays, "why": change.why}
            for stays, changes in ((False, findings.removable), (True, findings.kept))
            for change in changes
        ],
    }


def verify_junit(result: VerifyResult) -> str:
    """Given what a verify comes to, return JUnit XML: a suite per host, a case per check; unknown is an error."""
    suites = [_suite(each, result.of(each.name)) for each in result.survey.results.values()]
    suites += [_orphan_suite(host) for host in result.orphan_hosts]
    beside = result.orphans + sum(result.manifests.values()) + len(result.orphan_hosts)
    attributes = (
        f'tests="{result.planned + beside}" failures="{result.count(State.FAILED) + beside}" '
        f'errors="{result.count(State.UNKNOWN)}"'
    )
    whole = f'<testsuites name="opspact verify" {attributes}>\n{"".join(suites)}</testsuites>\n'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}'


def _suite(result: HostResult, findings: HostFindings) -> str:
    cases = [_case(check) for check in result.checks]
    cases += [
        _finding_case(change.step.identity, "orphan", change.why) for change in (*findings.removable, *findings.kept)
    ]
    if findings.manifest.detail:
        cases.append(_finding_case("manifest", "manifest", findings.manifest.detail))
    failures = result.count(State.FAILED) + findings.number
    attributes = f'tests="{len(cases)}" failures="{failures}" errors="{result.count(State.UNKNOWN)}"'
    return f"  <testsuite name={junit.attribute(result.name)} {attributes}>\n{''.join(cases)}  </testsuite>\n"


def _finding_case(name: str, group: str, words: str) -> str:
    head = f'    <testcase name={junit.attribute(name)} classname="{group}">'
    return f"{head}\n      <failure message={junit.attribute(words)}/>\n    </testcase>\n"


def _orphan_suite(host: OrphanHost) -> str:
    ((name, summary),) = orphan_texts([host])
    failure = f"      <failure message={junit.attribute(summary)}/>\n"
    case = f'    <testcase name="removed from the inventory" classname="inventory">\n{failure}    </testcase>\n'
    return f'  <testsuite name={junit.attribute(name)} tests="1" failures="1" errors="0">\n{case}  </testsuite>\n'


def _case(check: Check) -> str:
    policy = check.step.origins[0].policy if check.step.origins else ""
    head = f"    <testcase name={junit.attribute(check.step.identity)} classname={junit.attribute(policy)}"
    if check.state is State.OK:
        return f"{head}/>\n"
    tag = "failure" if check.state is State.FAILED else "error"
    words = junit.body(origin_text(check.step))
    return f"{head}>\n      <{tag} message={junit.attribute(check.detail)}>{words}</{tag}>\n    </testcase>\n"
