"""Tasks of Ansible at a step of a runbook: a project of one play, made for the step and removed after it.

Comes in: tasks as JSON, hosts, values. Goes out: what came of them on each host, with the digest of the playbook.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from opspact.fleet import fence, run_folder
from opspact.fleet.ansible import HostState, RunEvent, RunOutcome, RunSettings, RunStatus, TaskStatus, run_project
from opspact.ledger.runbook_events import StepOutcome
from opspact.model import names
from opspact.runbook.doors import Answer, Tasks
from opspact.structs import replace
from opspact.text.durations import format_hours
from opspact.values.secret import Secret, SecretReference
from opspact.workspace.workspace import Compiled

_SECRET = "RUNBOOK_INPUT_"  # noqa: S105 - the beginning of a name, no secret


class TaskWorker:
    """Runs tasks on hosts of a contract. `settings` are the passwords and bastions of its sessions."""

    def __init__(self, head: Compiled, settings: Callable[[], RunSettings]) -> None:
        self._head, self._settings = head, settings

    def run(
        self,
        hosts: Sequence[str],
        tasks: Tasks,
        *,
        values: Mapping[str, str | Secret],
        timeout: float,
        attempt: str,
    ) -> dict[str, Answer]:
        """Run tasks on hosts that were taken under an attempt's name; a secret is read by lookup, never written."""
        secrets = {name: value for name, value in values.items() if isinstance(value, Secret)}
        plain = {name: value for name, value in values.items() if not isinstance(value, Secret)}
        text = playbook(tasks.json, plain, secrets)
        events: list[RunEvent] = []
        settings = replace(self._settings(), timeout=timeout, check=tasks.check)
        if not tasks.check:
            settings = replace(settings, interpreter=fence.run_interpreter(attempt))
        with run_folder.fresh(settings.base) as place:  # a run's folder too: what a kill leaves is swept
            project = place.path / "project"
            project.mkdir(mode=0o700)
            (project / "site.yml").write_text(text, encoding="utf-8")
            for path, data in self._head.inventory_files.items():
                (project / path).parent.mkdir(parents=True, exist_ok=True)
                (project / path).write_bytes(data)
            held = {_reference(name).key: secret for name, secret in secrets.items()}
            outcome = run_project(project, hosts, secrets=held, settings=settings, on_event=events.append)
        digest = sha256(text.encode()).hexdigest()
        return {host: _answer(outcome, host, events, digest=digest, timeout=timeout) for host in hosts}


def playbook(tasks: str, values: Mapping[str, str], secrets: Mapping[str, Secret]) -> str:
    """Given tasks as JSON and values, return the playbook: JSON, which is YAML. Of a secret, it has the name alone."""
    variables: dict[str, object] = {name: {"__ansible_unsafe": value} for name, value in values.items()}
    variables |= {name: names.secret_expression(_reference(name)) for name in secrets}
    play = {
        "name": "Run a step of a runbook",
        "hosts": "all",
        "gather_facts": False,
        "become": True,
        "vars": variables,
        "tasks": json.loads(tasks),
    }
    return json.dumps([play], ensure_ascii=False, indent=1) + "\n"


def _reference(name: str) -> SecretReference:
    return SecretReference("env", f"{_SECRET}{name}")


def _answer(outcome: RunOutcome, host: str, events: Sequence[RunEvent], *, digest: str, timeout: float) -> Answer:
    own = [each for each in events if each.host == host and each.status is not TaskStatus.STARTED]
    output = "".join(f"{each.status.value}: {each.task}{f': {each.message}' if each.message else ''}\n" for each in own)
    found = outcome.hosts[host]
    if found.state is HostState.OK:
        return Answer(outcome=StepOutcome.DONE, output=output, changed=found.changed > 0, digest=digest)
    if outcome.status is RunStatus.TIMEOUT:
        detail = f"not finished within {format_hours(timeout)}: it was ended"
        return Answer(outcome=StepOutcome.FAILED, output=output, digest=digest, detail=detail)
    is_known = found.state is HostState.FAILED or not found.begun
    detail = f"{found.task}: {found.message}" if found.task else outcome.detail or found.state.value
    state = StepOutcome.FAILED if is_known else StepOutcome.UNKNOWN
    return Answer(outcome=state, output=output, digest=digest, detail=detail, changed=found.changed > 0)
