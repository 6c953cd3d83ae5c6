"""Rules about resources: whether installers and substitutes that are promised lie somewhere, and are there in time.

Comes in: a rule context. Goes out: violations.
"""

import re
from collections.abc import Iterator

from opspact.analyse.expiry import format_end, severity_of_end
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import possible_hosts
from opspact.model.finding import Severity
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.runbook import Runbook
from opspact.model.policies.sla import Level
from opspact.model.policies.spare import Spare
from opspact.model.text import Text
from opspact.text.names import join_names
from opspact.values.duration import Duration

_INSTALLERS = re.compile(
    r"安装程序|安装包|安装介质|\binstallers?\b|\binstallation (?:media|package)s?\b", re.IGNORECASE
)
_SUBSTITUTES = re.compile(
    r"代用|备件|备机|备用(?:设备|机|件|产品)|\bsubstitutes?\b|\bspares\b"
    r"|\b(?:spare|replacement) (?:part|device|unit|machine|server|switch|disk)s?\b",
    re.IGNORECASE,
)
_RESTORE = "restore"
"""The milestone by which service is restored."""


def _says(text: Text, words: re.Pattern[str]) -> bool:
    return any(words.search(part) for part in (text.zh, text.en) if part)


def _by_hand_alone(context: RuleContext) -> Iterator[Violation]:
    for emergency in context.contract.emergencies:
        if emergency.by_hand and not emergency.prevented_by:
            message = f"emergency {emergency.name} is prevented by hand only: nothing shows that it is done"
            yield Violation(emergency.origin.policy, message, ("prevention",))


def _without_installer(context: RuleContext) -> Iterator[Violation]:
    """Find installers that are promised with nothing in the library for that emergency."""
    stocked = {name for library in context.contract.libraries for name in library.emergencies}
    for emergency in context.contract.emergencies:
        named = emergency.name in stocked or any(each.startswith("library/") for each in emergency.prevented_by)
        promised = [each for each in _promises(emergency) if _says(each, _INSTALLERS)]
        if promised and not named:
            message = f"emergency {emergency.name} promises installers, but no library policy has one for it"
            yield Violation(emergency.origin.policy, message, ("prevention",))


def _promises(emergency: Emergency) -> Iterator[Text]:
    yield from emergency.by_hand
    if emergency.handling:
        yield emergency.handling


def _without_substitute(context: RuleContext) -> Iterator[Violation]:
    """Find where a substitute is promised, though there is none for some device, or none at all."""
    contract = context.contract
    replaced = {name for spare in contract.spares for name in spare.devices}
    lacking = [device.name for device in contract.devices if device.name not in replaced]
    if not lacking and contract.spares:
        return
    reason = f"no spare for device {join_names(lacking)}" if lacking else "no spare policy"
    for clause in contract.clauses.values():
        if _says(clause.text, _SUBSTITUTES):
            message = f"clause {clause.name} promises a substitute, but there is {reason}"
            yield Violation(f"clause/{clause.name}", message, ("text",))
    for flow in contract.flows:
        for index, step in enumerate(flow.steps):
            if _says(step.text, _SUBSTITUTES):
                message = f"step {step.name} of flow {flow.name} provides a substitute, but there is {reason}"
                yield Violation(flow.origin.policy, message, ("steps", index, "text"), subject=f"step {step.name}")


def _ready_too_late(context: RuleContext) -> Iterator[Violation]:
    """Find spares that are ready later than service is to be restored."""
    limits = [
        (level, level.milestones[_RESTORE].within)
        for sla in context.contract.slas.values()
        for level in sla.levels.values()
        if _RESTORE in level.milestones and level.milestones[_RESTORE].within.kind == "elapsed"
    ]
    if not limits:
        return
    level, shortest = min(limits, key=lambda one: one[1].seconds)
    for spare in context.contract.spares:
        if spare.ready_within.seconds > shortest.seconds:
            yield _late(spare, level, shortest)


def _late(spare: Spare, level: Level, shortest: Duration) -> Violation:
    message = (
        f"spare {spare.name} is ready within {spare.ready_within}, but level {level.name} is restored within {shortest}"
    )
    return Violation(spare.origin.policy, message, ("ready_within",))


def _lost_with_the_original(context: RuleContext) -> Iterator[Violation]:
    """Find spares at the site of their device, and installers on hosts that are repaired with them."""
    contract = context.contract
    sites = {device.name: device.site for device in contract.devices if device.site}
    for spare in contract.spares:
        same = [name for name in spare.devices if spare.site and sites.get(name) == spare.site]
        if same:
            message = f"spare {spare.name} is kept at {spare.site}, where {join_names(same)} is"
            yield Violation(spare.origin.policy, message, ("site",), severity=Severity.NOTE)
    runbooks = {runbook.name: runbook for runbook in contract.runbooks}
    hosts = {
        emergency.name: set(_repaired_hosts(runbooks[emergency.runbook]))
        for emergency in contract.emergencies
        if emergency.runbook in runbooks
    }
    for library in contract.libraries:
        same = [name for name in library.emergencies if library.host in hosts.get(name, ())]
        if same:
            message = (
                f"installer {library.name} lies on {library.host}, which is repaired in emergency {join_names(same)}"
            )
            yield Violation(library.origin.policy, message, ("host",))


def _repaired_hosts(runbook: Runbook) -> Iterator[str]:
    yield from runbook.hosts
    for step in runbook.steps:
        yield from possible_hosts(runbook, step.hosts)


def _licence_ends(context: RuleContext) -> Iterator[Violation]:
    for library in context.contract.libraries:
        severity = severity_of_end(library.licensed_until, context.day)
        if library.licensed_until is not None and severity is not None:
            ends = format_end(library.licensed_until, context.day)
            message = f"the licence of installer {library.name} {ends}"
            yield Violation(library.origin.policy, message, ("licence", "until"), severity=severity)


RULES = (
    Rule(
        code="OP237",
        family="coverage",
        severity=Severity.WARNING,
        title="An emergency is prevented by hand only",
        why="Nothing checks manual work: whether the emergency is prevented is unknown.",
        remedy="Add an inspection, a backup, a library or a spare to prevention.",
        find=_by_hand_alone,
    ),
    Rule(
        code="OP238",
        family="coverage",
        severity=Severity.WARNING,
        title="Installers are promised, but none is in the software library",
        why="Without a checked copy, the installer is searched for during the emergency, or is another version.",
        remedy="Write a policy of kind library with for: {emergency: …}, and name it in prevention.",
        find=_without_installer,
    ),
    Rule(
        code="OP239",
        family="coverage",
        severity=Severity.WARNING,
        title="A substitute is promised, but there is no spare",
        why="A substitute that is bought during the fault comes too late.",
        remedy="Write a policy of kind spare with for: {device: …} for each device.",
        find=_without_substitute,
    ),
    Rule(
        code="OP252",
        family="coverage",
        severity=Severity.WARNING,
        title="A spare is ready later than service is to be restored",
        why="The time limit for restoring service is exceeded even if everything else goes well.",
        remedy="Keep the spare nearer to the device, or agree on a later milestone.",
        find=_ready_too_late,
    ),
    Rule(
        code="OP253",
        family="coverage",
        severity=Severity.WARNING,
        title="A spare or installer is lost with what it replaces",
        why="A fire at the site, or the loss of the host, takes both.",
        remedy="Keep spares at another site, and installers on a host that is not repaired with them.",
        find=_lost_with_the_original,
    ),
    Rule(
        code="OP254",
        family="coverage",
        severity=Severity.WARNING,
        title="The licence of an installer has expired or expires soon",
        why="Software without a licence may not start, or may not be used; reported 60 days ahead.",
        remedy="Renew the licence and update until.",
        find=_licence_ends,
    ),
)
