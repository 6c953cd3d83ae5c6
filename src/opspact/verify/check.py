"""Check every host against its steps: ok, failed or unknown for each, never silently fewer.

In: sessions and the steps planned for each host. Out: results, as many checks as were planned.
"""

from collections.abc import Iterator, Mapping, Sequence

from opspact.errors import NothingFound, OpspactError
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import Progress, Sessions
from opspact.steps.base import CheckedHost, Obstacle, StartDelay, Step
from opspact.steps.check import Check, HostResult, Reach, Results, State
from opspact.values.secret import Secrets
from opspact.verify import batch
from opspact.verify.backend import host_of
from opspact.verify.batch import CHECK_ERRORS


class CountError(OpspactError):
    """Verify gave another number of verdicts than were planned; nothing it says may be used."""


def check_hosts(
    sessions: Sessions,
    work: Mapping[str, Sequence[Step]],
    secrets: Secrets,
    *,
    on_progress: Progress | None = None,
) -> Results:
    """Given sessions and every host's steps, check all hosts side by side, and return one verdict per step.

    A lost host's steps are unknown from where it was lost, with its reach; what is asked together is lost together.
    Raise NothingFound when no step is planned.
    """
    if not any(work.values()):
        raise NothingFound("nothing to verify: no steps for these hosts")

    def check(session: Session) -> HostResult:
        steps = work[session.name]
        return _result(session.name, steps, _seen(session, steps, secrets))

    answers = sessions.each(check, work, on_progress=on_progress)
    results = {
        name: _result(name, work[name], _lost_at_once(answer)) if isinstance(answer, HostLost) else answer
        for name, answer in answers.items()
    }
    _count(work, results)
    return results


def check_host(host: CheckedHost, steps: Sequence[Step], secrets: Secrets) -> tuple[Check, ...]:
    """Given any testinfra host, return one verdict per step, in order. A lost connection of ours passes as HostLost."""
    return tuple(_checks(host, steps, secrets))


def _seen(session: Session, steps: Sequence[Step], secrets: Secrets) -> Iterator[Check]:
    """Yield the verdicts on a session's host."""
    yield from _checks(host_of(session, batch.answers(session, steps, secrets)), steps, secrets)


def _checks(host: CheckedHost, steps: Sequence[Step], secrets: Secrets) -> Iterator[Check]:
    """Yield the verdicts one by one."""
    for step in steps:
        yield _check(host, step, secrets)


def _check(host: CheckedHost, step: Step, secrets: Secrets) -> Check:
    """Return the verdict on one step; whether the subject exists is asked only where something differs."""
    try:
        differences = list(step.check(host, secrets))
    except LookupError as error:
        return Check(step, State.UNKNOWN, _words(error))
    except CHECK_ERRORS as error:
        return Check(step, State.UNKNOWN, f"the check failed: {_words(error)}")
    if not differences:
        return Check(step, State.OK)
    obstacle = next((each.found for each in differences if isinstance(each, Obstacle)), "")
    delay = max((each.within for each in differences if isinstance(each, StartDelay)), default=0.0)
    return Check(
        step,
        State.FAILED,
        "; ".join(differences),
        present=_present(host, step),
        obstacle=obstacle,
        delay=delay if all(isinstance(each, StartDelay) for each in differences) else 0.0,
    )


def _present(host: CheckedHost, step: Step) -> bool | None:
    """Return whether the step's subject exists; None when the host cannot say."""
    try:
        return step.present(host)
    except (LookupError, *CHECK_ERRORS):
        return None


def _words(error: Exception) -> str:
    """Return an error's message; its name when it has none."""
    # A KeyError's own text is the quoted form of its message.
    return (str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)) or type(error).__name__


def _lost_at_once(lost: HostLost) -> Iterator[Check]:
    """Yield no verdict, and raise what made the host unreachable."""
    yield from ()
    raise lost


def _result(name: str, steps: Sequence[Step], checks: Iterator[Check]) -> HostResult:
    """Collect a host's verdicts; when it is lost on the way, what was not yet checked is unknown."""
    done: list[Check] = []
    try:
        done.extend(checks)
    except HostLost as lost:
        done += [Check(step, State.UNKNOWN, lost.detail) for step in steps[len(done) :]]
        return HostResult(name, lost.reach, tuple(done), lost.detail)
    return HostResult(name, Reach.REACHED, tuple(done))


def _count(work: Mapping[str, Sequence[Step]], results: Results) -> None:
    """Raise CountError unless every planned step of every host has exactly one verdict."""
    for name, steps in work.items():
        checks = results[name].checks if name in results else ()
        number = sum(results[name].count(state) for state in State) if name in results else 0
        if number != len(steps) or [check.step for check in checks] != list(steps):
            raise CountError(f"{name}: {len(steps)} checks were planned, {number} were counted")
