"""Rehearsals: where a fault may be made for real, and what a drill of an emergency consists of.

Comes in: a contract, an emergency, a host. Goes out: the two runs of a drill; or why it is refused, what people would
have to give.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from opspact.errors import NothingFound, Refused
from opspact.model.contract import Contract
from opspact.model.inventory.own_variables import REHEARSAL
from opspact.model.inventory.rehearsal import rehearsal_hosts
from opspact.model.policies.emergency import Emergency, Rehearsal
from opspact.model.policies.runbook import Runbook
from opspact.model.runbook_actions import Action, ManualAction, Question
from opspact.model.text import Text
from opspact.runbook.engine import CONFIRM, ON_FAILURE
from opspact.runbook.procedure import CONTINUATION, NeededEvidence, Part, Procedure, ProcedureStep
from opspact.runbook.request import answer_problem
from opspact.structs import Struct
from opspact.text.instants import format_instant_in_utc
from opspact.text.names import list_names
from opspact.text.suggestions import did_you_mean
from opspact.values.placeholders import filled

_SHOWN = 5
_DONE = "done"
_CONFIRMED = Question(Text("", ""), choice=(_DONE, "failed"))
"""How a manual step of a new run may be confirmed: nothing is there to be repeated."""
_HINT = f"{REHEARSAL}: true in the inventory says that a host is there to be broken"


class PlannedRun(Struct):
    """A run of a drill: a runbook, its inputs as they are given, answers by step or by `STEP.VALUE`."""

    runbook: Runbook
    inputs: Mapping[str, str]
    answers: Mapping[str, str]


class PlannedDrill(Struct):
    """A drill of an emergency on a host: what makes the fault, and what is to cure it."""

    emergency: Emergency
    rehearsal: Rehearsal
    host: str
    began: datetime
    fault: PlannedRun
    cure: PlannedRun


def refuse_outside_rehearsal(contract: Contract, procedure: Procedure, drill: str) -> None:
    """Given what is about to be run, and the emergency that is rehearsed (empty: none), raise Refused unless it may be.

    A fault is made in a drill alone, and nothing of a drill touches a host that is not there to be broken.
    """
    faults = [each.name for each in contract.runbooks if each.rehearsal_only and each.name in procedure.runbooks]
    if faults and not drill:
        raise Refused(
            f"runbook {faults[0]} makes a fault: it runs in drills alone",
            hint="`opspact runbook drill EMERGENCY`",
        )
    hosts = {*procedure.targets, *(host for step in procedure.steps for host in step.hosts)} if drill else set()
    if others := sorted(hosts - rehearsal_hosts(contract.inventory)):
        names = list_names(others, _SHOWN)
        raise Refused(f"a drill of {drill} reaches {names}, where nothing may be rehearsed", hint=_HINT)


def find_emergency(contract: Contract, name: str) -> Emergency:
    """Given a contract and a name, return the emergency. Raise Refused, with the nearest name, when there is none."""
    known = {each.name: each for each in contract.emergencies}
    if name not in known:
        hint = did_you_mean(name, known) or f"emergencies: {list_names(sorted(known), _SHOWN)}"
        raise Refused(f'there is no emergency "{name}"', hint=hint)
    return known[name]


def plan_drill(contract: Contract, emergency: Emergency, *, host: str | None, began: datetime) -> PlannedDrill:
    """Given an emergency, maybe a host, and when the drill begins, return the drill.

    Raise Refused when nothing says how it is rehearsed or the host is not one for that, NothingFound without a host.
    """
    rehearsal = emergency.rehearsal
    if rehearsal is None:
        message = f"emergency {emergency.name} has no rehearsal"
        raise Refused(message, hint="rehearsal: {fault: {name: RUNBOOK}} in its policy says how its fault is made")
    runbooks = {each.name: each for each in contract.runbooks}
    fault, cure = runbooks[rehearsal.fault], runbooks[emergency.runbook]
    marked = rehearsal_hosts(contract.inventory)
    hosts = [each for each in fault.hosts if each in cure.hosts and each in marked]
    if host is not None and host not in hosts:
        raise Refused(f"emergency {emergency.name} cannot be rehearsed on {host}", hint=_HINT)
    if not hosts:
        raise NothingFound(f"no host on which emergency {emergency.name} could be rehearsed", hint=_HINT)
    values = {"began": format_instant_in_utc(began.replace(microsecond=0))}
    return PlannedDrill(
        emergency=emergency,
        rehearsal=rehearsal,
        host=host or hosts[0],
        began=began,
        fault=PlannedRun(fault, rehearsal.fault_inputs, {}),
        cure=PlannedRun(
            cure,
            {name: filled(text, values) for name, text in rehearsal.inputs.items()},
            dict(_answers(rehearsal)),
        ),
    )


def _answers(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    values = [(f"{step}.{name}", text) for step, asked in rehearsal.answers.items() for name, text in asked.items()]
    return [*((step, "done") for step in rehearsal.answers), *values]


def valid_answers(procedure: Procedure, answers: Mapping[str, str], attached: Collection[str]) -> dict[str, str]:
    """Given what is to be run, answers up front and the names of the files, return the answers that will do.

    They are by `STEP.QUESTION`. A step is not confirmed up front without the file that it wants.
    """
    found: dict[str, str] = {}
    for stage in procedure.steps:
        if stage.step is None or stage.part is not Part.STEP:
            continue
        for name, question in {**_questions(stage.step.action), ON_FAILURE: CONTINUATION}.items():
            text = answers.get(f"{stage.name}.{name}", answers.get(stage.name if name == CONFIRM else name))
            if text is not None and not answer_problem(question.pattern, question.choice, text):
                found[f"{stage.name}.{name}"] = text
        wanted = stage.step.action.attach if isinstance(stage.step.action, ManualAction) else ""
        if wanted and wanted not in attached and found.get(f"{stage.name}.{CONFIRM}") == _DONE:
            del found[f"{stage.name}.{CONFIRM}"]
    return found


def missing_answers(procedure: Procedure, valid: Mapping[str, str]) -> tuple[str, ...]:
    """Given what is to be run and the answers that fit, return what somebody has to answer: `STEP`, or `STEP.VALUE`.

    A step that is carried out under a condition alone is not asked about: it may not come to it. A default is no
    answer: a run offers it to people only.
    """
    found: list[str] = []
    for stage, action in _certain_steps(procedure):
        said = valid.get(f"{stage.name}.{CONFIRM}")
        found += [stage.name] if said is None else []
        asked = action.questions if said in {None, _DONE} else ()
        found += [f"{stage.name}.{name}" for name in asked if f"{stage.name}.{name}" not in valid]
    return tuple(found)


def missing_evidence(procedure: Procedure, valid: Mapping[str, str], attached: Collection[str]) -> tuple[str, ...]:
    """Given what is to be run, the answers that fit and the names of the files, return what somebody has to attach."""
    wanted = [
        action.attach
        for stage, action in _certain_steps(procedure)
        if action.attach and valid.get(f"{stage.name}.{CONFIRM}", _DONE) == _DONE
    ]
    wanted += [each.name for each in procedure.needed if not _is_given(procedure, each)]
    return tuple(name for name in dict.fromkeys(wanted) if name not in attached)


def _questions(action: Action) -> dict[str, Question]:
    """Return what a step of a new run asks people."""
    return {CONFIRM: _CONFIRMED, **action.questions} if isinstance(action, ManualAction) else {}


def _certain_steps(procedure: Procedure) -> Iterator[tuple[ProcedureStep, ManualAction]]:
    """Yield the manual steps that are carried out whatever the others come to."""
    for stage in procedure.steps:
        if stage.step and stage.part is Part.STEP and not stage.guards and isinstance(stage.step.action, ManualAction):
            yield stage, stage.step.action


def _is_given(procedure: Procedure, needed: NeededEvidence) -> bool:
    """Whether a step gives the evidence, or an input does; or a called runbook needs it that may not be called."""
    own = [each for each in procedure.steps if each.part is Part.STEP and each.scope == needed.scope]
    if needed.scope and all(each.guards for each in own):
        return True
    inputs = procedure.inputs if needed.scope else procedure.runbook.inputs
    names = {name for each in own for name in (*each.runbook_step.captures, *_questions(each.runbook_step.action))}
    actions = (each.step.action for each in procedure.steps if each.step)
    attached = {each.attach for each in actions if isinstance(each, ManualAction)}
    return f"{needed.scope}{needed.name}" in inputs or needed.name in names | attached
