"""Drift for scripts: one JSON object, or JUnit XML.

In: a drift report. Out: text.
"""

from collections.abc import Iterator

from opspact.plan.change_reason import ChangeReason
from opspact.report import junit
from opspact.report.document import document
from opspact.report.origins import origin_data, origin_text
from opspact.rollout.drift import Difference, DriftReport, HostDrift
from opspact.steps.check import State
from opspact.text.instants import format_instant_in_utc


def drift_json(report: DriftReport) -> str:
    """Given a drift report, return one JSON object; times in UTC."""
    return document(
        "drift",
        {
            "hosts": [
                {
                    **_host_data(host),
                    "fixed": report.fixed.get(host.result.name, ()),
                    "why_not_fixed": report.why_not_fixed.get(host.result.name, ""),
                }
                for host in report.hosts
            ],
            "summary": {
                "hosts": len(report.hosts),
                "unreachable": report.unreachable,
                **report.counts,
                "fixed": sum(map(len, report.fixed.values())),
                "recurring": sum(bool(each.earlier) for each in report.differences),
                "manifests_not_ok": sum(bool(host.manifest.detail) for host in report.hosts),
            },
            "notes": report.notes,
            "unused": [it.origin.policy for it in report.unused],
        },
    )


def _host_data(host: HostDrift) -> dict[str, object]:
    applied = host.applied
    return {
        "name": host.result.name,
        "reachable": host.is_checked,
        "reach": host.result.reach.value,
        "detail": host.result.detail,
        "applied": applied
        and {"at": format_instant_in_utc(applied.at), "actor": applied.actor, "commit": applied.commit},
        "drift": [_difference_data(each) for each in host.of(ChangeReason.DRIFT)],
        "unknown": [_difference_data(each) for each in host.of(ChangeReason.UNKNOWN)],
        "known": [_difference_data(each) for each in host.known],
        "intended": [
            {"step": change.step.identity, **origin_data(change.step), "action": change.action.value}
            for change in host.intended
        ],
        "manifest": {
            "state": host.manifest.state.value if host.is_checked else "unknown",
            "detail": host.manifest.detail,
        },
    }


def _difference_data(each: Difference) -> dict[str, object]:
    return {
        "step": each.check.step.identity,
        **origin_data(each.check.step),
        "detail": each.check.detail,
        "since": each.since and format_instant_in_utc(each.since),
        "earlier": [format_instant_in_utc(at) for at in each.earlier],
        "known": each.known
        and {
            "policy": each.known.origin.policy,
            "reason": each.known.reason,
            "by": each.known.by,
            "until": each.known.until.isoformat(),
            "expired": not each.is_known,
        },
    }


def drift_junit(report: DriftReport) -> str:
    """Given a drift report, return JUnit XML: a suite per host, a case per check; what is unknown is an error.

    What is known, and what is intended and not applied yet, is skipped.
    """
    suites = "".join(map(_suite, report.hosts))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="opspact drift">\n{suites}</testsuites>\n'


def _suite(host: HostDrift) -> str:
    cases = list(_cases(host))
    counts = {tag: sum(f"<{tag}" in case for case in cases) for tag in ("failure", "error", "skipped")}
    numbers = f'failures="{counts["failure"]}" errors="{counts["error"]}" skipped="{counts["skipped"]}"'
    name = junit.attribute(host.result.name)
    return f'  <testsuite name={name} tests="{len(cases)}" {numbers}>\n{"".join(cases)}  </testsuite>\n'


def _cases(host: HostDrift) -> Iterator[str]:
    if not host.is_checked:
        yield _case("reach", "host", "error", message=host.result.detail)
        return
    if host.manifest.detail:
        yield _case("manifest", "manifest", "error", message=host.manifest.detail)
    differing = {each.check.step.identity: each for each in host.differences}
    intended = {change.step.identity: change for change in host.intended}
    for check in host.result.checks:
        identity, policy = check.step.identity, check.step.origins[0].policy if check.step.origins else ""
        if each := differing.get(identity):
            tag = "skipped" if each.is_known else "failure" if each.reason is ChangeReason.DRIFT else "error"
            yield _case(identity, policy, tag, message=check.detail, words=_words(each))
        elif identity in intended and check.state is not State.OK:
            yield _case(identity, policy, "skipped", message=f"intended, not applied yet: {check.detail}")
        else:
            yield _case(identity, policy)


def _words(each: Difference) -> str:
    since = f"since {format_instant_in_utc(each.since)}; " if each.since else ""
    known = f"known until {each.known.until}: {each.known.reason}; " if each.known and each.is_known else ""
    return f"{since}{known}{origin_text(each.check.step)}"


def _case(name: str, group: str, tag: str = "", *, message: str = "", words: str = "") -> str:
    head = f"    <testcase name={junit.attribute(name)} classname={junit.attribute(group)}"
    if not tag:
        return f"{head}/>\n"
    inside = f"<{tag} message={junit.attribute(message)}>{junit.body(words)}</{tag}>"
    return f"{head}>\n      {inside}\n    </testcase>\n"
