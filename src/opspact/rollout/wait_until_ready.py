"""Give services a moment to answer after they were started, before they are judged.

Comes in: a way to look, and hosts. Goes out: the last look.
"""

import time
from collections.abc import Callable, Sequence

from opspact.rollout.survey import Survey
from opspact.steps.check import HostResult, Reach, State

PATIENCE = 10.0
"""Seconds: what a web server or a database takes to come up; slower ones have their own units to wait for."""

_PAUSE = 0.5


def settled(look: Callable[[Sequence[str]], Survey], hosts: Sequence[str]) -> Survey:
    """Given a way to look and hosts, look until none lacks answers alone, or patience ends; return what is seen."""
    survey = look(hosts)
    until = time.monotonic() + PATIENCE
    while waiting := [name for name, result in survey.results.items() if _only_answers_are_missing(result)]:
        if time.monotonic() > until:
            break
        time.sleep(_PAUSE)
        again = look(waiting)
        survey = Survey({**survey.results, **again.results}, {**survey.notes, **again.notes})
    return survey


def _only_answers_are_missing(result: HostResult) -> bool:
    wrong = [check.step for check in result.checks if check.state is not State.OK]
    return result.reach is Reach.REACHED and bool(wrong) and not any(step.tasks() for step in wrong)
