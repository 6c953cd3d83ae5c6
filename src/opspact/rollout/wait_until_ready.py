"""Give services a moment to start and to answer, before they are judged.

In: a way to survey hosts, and hosts. Out: the last survey.
"""

import time
from collections.abc import Callable, Sequence

from opspact.rollout.survey import Survey
from opspact.steps.check import Check, HostResult, Reach, State

PATIENCE = 10.0
"""Seconds: what a web server or a database takes to come up; slower ones have their own units to wait for."""

_PAUSE, _LONG_PAUSE = 0.5, 2.0


def wait_until_ready(take: Callable[[Sequence[str]], Survey], hosts: Sequence[str]) -> Survey:
    """Given a way to survey hosts, survey them until none lacks answers or units that still start, or patience ends.

    Return the last survey. A unit has as long to start as its own settings say.
    """
    return _wait(take, hosts, lambda wrong: PATIENCE if _is_answer(wrong) else wrong.delay)


def wait_until_started(take: Callable[[Sequence[str]], Survey], hosts: Sequence[str]) -> Survey:
    """Given a way to survey hosts, survey them until no unit still starts, or has had the time for it; return the last.

    An answer that is missing is waited for only where it may come from such a unit.
    """
    return _wait(take, hosts, lambda wrong: wrong.delay)


def _wait(take: Callable[[Sequence[str]], Survey], hosts: Sequence[str], patience: Callable[[Check], float]) -> Survey:
    survey = take(hosts)
    began = time.monotonic()
    while waiting := [
        name for name, result in survey.results.items() if time.monotonic() - began < _patience(result, patience)
    ]:
        time.sleep(_PAUSE if time.monotonic() - began < PATIENCE else _LONG_PAUSE)
        again = take(waiting)
        survey = Survey({**survey.results, **again.results}, {**survey.manifests, **again.manifests})
    return survey


def _patience(result: HostResult, patience: Callable[[Check], float]) -> float:
    """Return for how many seconds what is wrong on a host may pass by itself; 0 when any of it does not."""
    wrong = [check for check in result.checks if check.state is not State.OK]
    if result.reach is not Reach.REACHED or not all(_is_answer(check) or check.delay for check in wrong):
        return 0.0
    return max(map(patience, wrong), default=0.0)


def _is_answer(check: Check) -> bool:
    return not check.step.tasks() and not check.obstacle
