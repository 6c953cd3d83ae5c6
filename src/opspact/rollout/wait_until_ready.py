"""Give services a moment to answer after they were started, before they are judged.

In: a way to survey hosts, and hosts. Out: the last survey.
"""

import time
from collections.abc import Callable, Sequence

from opspact.rollout.survey import Survey
from opspact.steps.check import HostResult, Reach, State

PATIENCE = 10.0
"""Seconds: what a web server or a database takes to come up; slower ones have their own units to wait for."""

_PAUSE = 0.5


def wait_until_ready(take: Callable[[Sequence[str]], Survey], hosts: Sequence[str]) -> Survey:
    """Given a way to survey hosts, survey them until none lacks answers alone, or patience ends; return the last."""
    survey = take(hosts)
    until = time.monotonic() + PATIENCE
    while waiting := [name for name, result in survey.results.items() if _only_answers_are_missing(result)]:
        if time.monotonic() > until:
            break
        time.sleep(_PAUSE)
        again = take(waiting)
        survey = Survey({**survey.results, **again.results}, {**survey.manifests, **again.manifests})
    return survey


def _only_answers_are_missing(result: HostResult) -> bool:
    wrong = [check.step for check in result.checks if check.state is not State.OK]
    return result.reach is Reach.REACHED and bool(wrong) and not any(step.tasks() for step in wrong)
