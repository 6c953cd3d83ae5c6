"""Every host has its turn, and every step: what Ansible gave up because of others is run again, without those.

In: a way to run work, and the work. Out: one outcome.

Why: Ansible ends the whole run when every host of one play is lost, gives a host up when another one, to which a
task of it was delegated, does not answer, and does nothing more on a host where one task has failed.
"""

from collections.abc import Callable, Mapping

from opspact.compile.shape import Work
from opspact.fleet.ansible import HostRun, HostState, RunOutcome, RunStatus
from opspact.rollout.independent_steps import after_failure
from opspact.steps.traits import depends_on
from opspact.structs import replace

_MOST = 5  # runs past failed steps: where all fails alike (a full disk), nobody waits for each step to say so

Run = Callable[[Mapping[str, Work]], RunOutcome]


def run_all_hosts(run: Run, work: Mapping[str, Work]) -> RunOutcome:
    """Given a way to run and each host's work, run until every host had its turn; return one outcome for all.

    A host's first failure is the one reported, with what its later runs say. A run that was stopped or broke is not
    followed by another.
    """
    outcome = last = run(work)
    runs = 0
    while work := _given_up(last, work, past_failures=runs < _MOST):
        last = run(work)
        outcome = _joined(outcome, last)
        runs += 1
    return outcome


def _given_up(outcome: RunOutcome, work: Mapping[str, Work], *, past_failures: bool) -> dict[str, Work]:
    """Given a run's outcome and its work, return what was given up there because of other hosts, or of failed steps."""
    if outcome.status is not RunStatus.FAILED:
        return {}
    missed = {name: work[name] for name, host in outcome.hosts.items() if host.state is HostState.MISSING}
    if len(missed) == len(work):  # nobody had a turn: another run would be no better
        missed = {}
    left = {name: _left(host, work[name], past_failures=past_failures) for name, host in outcome.hosts.items()}
    return missed | {name: of_host for name, of_host in left.items() if of_host != Work()}


def _left(host: HostRun, work: Work, *, past_failures: bool) -> Work:
    """Return what can still be done of the work of a host that had its turn."""
    if _failed_elsewhere(host, work):
        return _alone(work)
    return after_failure(work, host) if past_failures and host.state is HostState.FAILED else Work()


def _failed_elsewhere(host: HostRun, work: Work) -> bool:
    """Whether a host stopped at a task of a step that depends on another host."""
    if host.state not in {HostState.FAILED, HostState.UNREACHABLE}:
        return False
    tasks = [task for step in work.make if depends_on(step) for task in step.tasks()]
    tasks += [task for step in work.remove if depends_on(step) for task in step.removal()]
    return host.task in {task.name for task in tasks}


def _alone(work: Work) -> Work:
    """Return what of a host's work needs no other host."""
    return Work(
        tuple(step for step in work.make if not depends_on(step)),
        tuple(step for step in work.remove if not depends_on(step)),
    )


def _joined(first: RunOutcome, then: RunOutcome) -> RunOutcome:
    """Given the outcomes of a run and of the one after it, return what both came to."""
    had_no_turn = {name for name, host in first.hosts.items() if host.state is HostState.MISSING}
    again = {name: host if name in had_no_turn else _both(first.hosts[name], host) for name, host in then.hosts.items()}
    hosts = {**first.hosts, **again}
    good = all(host.state is HostState.OK for host in hosts.values())
    bad = then.status if then.status is not RunStatus.SUCCESSFUL else RunStatus.FAILED
    return replace(
        then,
        status=RunStatus.SUCCESSFUL if good else bad,
        hosts=hosts,
        notes=tuple(dict.fromkeys((*first.notes, *then.notes))),
        started=first.started or then.started,
    )


def _both(first: HostRun, then: HostRun) -> HostRun:
    """Given how a host came out of a run and of one after it, return both as one."""
    if then.state is HostState.OK:
        return replace(first, changed=first.changed + then.changed)
    message = f"{first.message}; {then.task}: {then.message}" if then.task else first.message
    return replace(first, changed=first.changed + then.changed, message=message)
