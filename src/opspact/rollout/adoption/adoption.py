"""Adoption in rounds: policies are proposed, compiled and verified, and what differs on a host is not proposed again.

In: sessions, the contract as it is. Out: policies of which verify finds every step ok, and what they do not say.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.errors import OperationFailed
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.model.finding import Finding
from opspact.rollout.adoption.access import OTHER_ACCESS, propose_access
from opspact.rollout.adoption.backups import propose_backups
from opspact.rollout.adoption.choices import Choices
from opspact.rollout.adoption.host_state import FoundCronJob, HostState, host_state
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.policy_text import PROPOSED, policy_files, policy_text
from opspact.rollout.adoption.proposal import Document, NotAdopted, Proposal
from opspact.rollout.adoption.services import propose_services
from opspact.steps.base import Step
from opspact.steps.check import State
from opspact.steps.other_access import OtherAccess, Strangers
from opspact.structs import Struct, replace
from opspact.verify.backend import host_of
from opspact.verify.batch import CHECK_ERRORS
from opspact.verify.check import check_hosts
from opspact.workspace.workspace import Compiled, Workspace

_MOST_ROUNDS = 12


class Adoption(Struct):
    """What came of it.

    `files`: by their paths in the contract. `policies`: the documents in each; `proposed`: those in files of their own,
    which are no policies until people have completed them. `lost`: hosts that were not read, and why; `cron_jobs`: by
    host. `checked`: how many steps verify found ok; `findings`: what `check` says of the policies, beside what it said
    before.
    """

    policies: Mapping[str, tuple[Document, ...]]
    proposed: Mapping[str, tuple[Document, ...]]
    files: Mapping[str, bytes]
    not_adopted: tuple[NotAdopted, ...]
    cron_jobs: Mapping[str, tuple[FoundCronJob, ...]]
    lost: Mapping[str, str]
    findings: tuple[Finding, ...]
    checked: int

    @property
    def is_complete(self) -> bool:
        """Whether all hosts were read, and nothing is left to people."""
        return not (self.not_adopted or self.lost or any(self.cron_jobs.values()) or self.proposed or self.findings)


class Adopter(Struct):
    """Proposes policies for hosts, and has verify judge them. Nothing on hosts is changed.

    `folder`: where the files are to be written. Proposals that are there stay as people have them.
    """

    workspace: Workspace
    head: Compiled
    sessions: Sessions
    folder: Path
    choices: Choices = Choices()

    def adopt(self, hosts: Iterable[str]) -> Adoption:
        """Given hosts, return the policies for what they have. Raise OperationFailed when that does not settle."""
        states, lost = self._states(hosts)
        known = Known(self.head, states)
        for _ in range(_MOST_ROUNDS):
            known = replace(known, strangers=None)
            known = replace(known, strangers=self._strangers(self._compiled(self._proposal(known)), known))
            proposal = self._proposal(known)
            compiled = self._compiled(proposal)
            new = {host: steps for host in states if (steps := _new_steps(self.head, compiled, host))}
            refused = self._differences(new)
            if not refused:
                break
            known = replace(known, refused={**known.refused, **refused})
        else:
            raise OperationFailed("the hosts change while they are read", hint="try again")
        backups = propose_backups(known)
        completed = tuple(each.with_clauses(self.choices.clauses) for each in backups.documents)
        proposed = policy_files(completed, (), PROPOSED)
        written = {path: inside for path, inside in proposed.items() if not os.path.lexists(self.folder / path)}
        return Adoption(
            policies=policy_files(proposal.documents, self.head.tree),
            proposed=proposed,
            files={**self._files(proposal), **_texts(written)},
            not_adopted=(*_unread_areas(states), *proposal.not_adopted, *backups.not_adopted),
            cron_jobs={host: state.cron_jobs for host, state in states.items() if state.cron_jobs},
            lost=lost,
            findings=_new_findings(self.head, compiled) if proposal.documents else (),
            checked=sum(map(len, new.values())),
        )

    def _states(self, hosts: Iterable[str]) -> tuple[dict[str, HostState], dict[str, str]]:
        def read(session: Session) -> HostState | str:
            try:
                return host_state(session)
            except ValueError as error:
                return str(error)

        answers = self.sessions.each(read, hosts)
        states = {host: each for host, each in answers.items() if isinstance(each, HostState)}
        lost = {host: each.detail for host, each in answers.items() if isinstance(each, HostLost)}
        return states, lost | {host: each for host, each in answers.items() if isinstance(each, str)}

    def _proposal(self, known: Known) -> Proposal:
        """Given what hosts have, return the policies for it."""
        found = [propose_access(known), propose_services(known, self.choices.owner)]
        return Proposal(
            documents=tuple(it.with_clauses(self.choices.clauses) for each in found for it in each.documents),
            files={path: data for each in found for path, data in each.files.items()},
            not_adopted=tuple(it for each in found for it in each.not_adopted),
        )

    def _compiled(self, proposal: Proposal) -> Compiled:
        return self.workspace.compiled_with(self.head, self._files(proposal)) if proposal.documents else self.head

    def _files(self, proposal: Proposal) -> dict[str, bytes]:
        return {**_texts(policy_files(proposal.documents, self.head.tree)), **proposal.files}

    def _strangers(self, compiled: Compiled, known: Known) -> dict[str, Strangers]:
        """Return who has access to each host beside those whom the policies name; a host that does not say has none."""

        def ask(session: Session) -> Strangers:
            step = _other_access(compiled, session.name)
            if step is None:
                return Strangers((), ())
            try:
                return step.strangers(host_of(session))
            except CHECK_ERRORS as error:
                return Strangers((), (str(error),))

        asked = [host for host in known.states if (host, OTHER_ACCESS) not in known.refused]
        return {
            host: Strangers((), (each.detail,)) if isinstance(each, HostLost) else each
            for host, each in self.sessions.each(ask, asked).items()
        }

    def _differences(self, work: Mapping[str, tuple[Step, ...]]) -> dict[tuple[str, str], str]:
        """Return what verify says of steps that are not ok, by host and identity."""
        if not work:
            return {}
        return {
            (host, check.step.identity): check.detail
            for host, result in check_hosts(self.sessions, work, {}).items()
            for check in result.checks
            if check.state is not State.OK
        }


def _texts(policies: Mapping[str, tuple[Document, ...]]) -> dict[str, bytes]:
    return {path: policy_text(inside).encode() for path, inside in policies.items()}


def _other_access(compiled: Compiled, host: str) -> OtherAccess | None:
    return next((step for step in compiled.work[host].make if isinstance(step, OtherAccess)), None)


def _new_steps(before: Compiled, after: Compiled, host: str) -> tuple[Step, ...]:
    """Return what policies want on a host that they did not want before."""
    wanted = {step.identity: step for step in before.work[host].make}
    return tuple(step for step in after.work[host].make if wanted.get(step.identity) != step)


def _unread_areas(states: Mapping[str, HostState]) -> list[NotAdopted]:
    return [
        NotAdopted(area.replace("_", " "), host, f"unknown: {why}")
        for host, state in states.items()
        for area, why in state.unknown.items()
    ]


def _new_findings(before: Compiled, after: Compiled) -> tuple[Finding, ...]:
    """Return what analysis says of the contract with the policies, and did not say without them."""
    said = {_key(each) for each in analyse(RuleContext(before.contract, before.day))}
    return tuple(each for each in analyse(RuleContext(after.contract, after.day)) if _key(each) not in said)


def _key(finding: Finding) -> tuple[str, ...]:
    return finding.code, finding.policy, finding.subject
