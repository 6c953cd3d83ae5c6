"""Rules about confidentiality and approvals: encrypted copies, redactions that work, approvals that can be given.

Comes in: a rule context. Goes out: violations.
"""

import re
from collections import Counter
from collections.abc import Iterator

from opspact.analyse.cause import Condition, affected, uncovered
from opspact.analyse.duty import days_interval
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.redaction import Redaction
from opspact.text.counts import format_count
from opspact.text.names import join_names

_CONFIDENTIAL = re.compile(r"(?i)confidential|保密|secrecy")

_LOOKS_SECRET = (
    "password: example",
    "passwd=example",
    "passphrase = example",
    "密码:example",
    "口令:example",
    "token=example",
    "secret: example",
    "api_key=example",
    "Authorization: Bearer example0example0example0",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "postgresql://oa:example@db1.example.com/oa",
    "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef",
    "13000000000",
    "li.na@example.com",
    "192.0.2.10",
    "110101199001010000",
    "6222020000000000000",
)
"""Made-up lines of the kinds that redactions are for; one that matches none of them has to show what it is for."""

_PLAIN = (
    "app1: nginx.service is running",
    "backup finished in 42 seconds",
    "备份已完成",
    "case closed after a reply to the user",
)
"""Lines in which there is nothing to hide; a redaction that hides something in all of them hides everything."""


def _not_encrypted(context: RuleContext) -> Iterator[Violation]:
    contract = context.contract
    promised = {clause for redaction in contract.redactions for clause in redaction.origin.clauses}
    promised |= {
        name for name, clause in contract.clauses.items() if _CONFIDENTIAL.search(f"{clause.text.en} {clause.text.zh}")
    }
    if not promised and not contract.redactions:
        return
    by = f" (clause {join_names(sorted(promised))})" if promised else ""
    required = f"but the contract requires confidentiality{by}"
    for backup in contract.backups:
        if backup.passphrase is None:
            message = f"backup {backup.name} stores unencrypted copies on {backup.server}, {required}"
            clear = affected(Condition.NOT_ENCRYPTED, backup.name)
            yield Violation(backup.origin.policy, message, ("encryption",), rests_on=(clear,))
    for care in contract.data_care:
        if care.passphrase is None:
            message = f"{care.name} stores unencrypted archives on {care.server}, {required}"
            yield Violation(care.origin.policy, message, ("archive",))


def _asked_in_clear(context: RuleContext) -> Iterator[Violation]:
    for device in context.contract.devices:
        if device.snmp is not None and "privacy" not in device.snmp.secrets:
            lacks = "by its user without privacy:" if device.snmp.user else "with a community, SNMP version 2c"
            message = f"device {device.name} is asked {lacks}: everyone on the way can read it"
            yield Violation(device.origin.policy, message, ("snmp",))


def _hides_nothing(context: RuleContext) -> Iterator[Violation]:
    for redaction in context.contract.redactions:
        tried = redaction.hides or _LOOKS_SECRET
        for index, pattern in enumerate(redaction.patterns):
            if not any(map(pattern.search, tried)):
                shown = "none of the lines under hides" if redaction.hides else "no sample secret"
                message = f"pattern {index + 1} of redaction {redaction.name} matches {shown}"
                yield Violation(redaction.origin.policy, message, ("patterns", index))
        for index, line in enumerate(redaction.hides):
            if not any(pattern.search(line) for pattern in redaction.patterns):
                message = f"redaction {redaction.name} hides nothing in line {index + 1} under hides"
                yield Violation(redaction.origin.policy, message, ("hides", index))


def _hides_too_much(context: RuleContext) -> Iterator[Violation]:
    for redaction in context.contract.redactions:
        for index, pattern in enumerate(redaction.patterns):
            if pattern.search("") or all(map(pattern.search, _PLAIN)):
                message = f"pattern {index + 1} of redaction {redaction.name} matches everything"
                yield Violation(redaction.origin.policy, message, ("patterns", index))
            elif pattern.search(redaction.instead):  # what is masked would never look masked
                message = (
                    f"pattern {index + 1} of redaction {redaction.name} matches {redaction.instead!r}, its replacement"
                )
                yield Violation(redaction.origin.policy, message, ("instead",))
        yield from _hides_what_stays(redaction)


def _hides_what_stays(redaction: Redaction) -> Iterator[Violation]:
    for index, line in enumerate(redaction.leaves):
        number = next((number for number, each in enumerate(redaction.patterns, 1) if each.search(line)), 0)
        if number:
            message = f"pattern {number} of redaction {redaction.name} changes line {index + 1} under leaves"
            yield Violation(redaction.origin.policy, message, ("leaves", index))


def _own_approval(context: RuleContext) -> Iterator[Violation]:
    for approval in context.contract.approvals:
        if not approval.not_requester:
            message = f"approval {approval.name} can be given by its requester"
            yield Violation(f"approval/{approval.name}", message, ("needs", "not_requester"))


def _too_few_approvers(context: RuleContext) -> Iterator[Violation]:
    period = context.contract.period
    day = min(max(context.day, period.first), period.last)
    people = [person for person in context.contract.people.values() if person.works_on(day)]
    sizes = Counter(team for person in people for team in person.teams)
    for approval in context.contract.approvals:
        if approval.role != "customer" and sizes[approval.role] < approval.count:
            message = (
                f"approval {approval.name} needs {format_count(approval.count, 'approver')} from {approval.role}, "
            )
            promised = context.contract.teams[approval.role].headcount
            enough = promised is not None and promised.least >= approval.count
            short = uncovered([f"team/{approval.role}"], [days_interval(context, day, day)])
            yield Violation(
                f"approval/{approval.name}",
                f"{message}but the team has {format_count(sizes[approval.role], 'member')} on {day}",
                ("needs", "count"),
                rests_on=(short,) if enough else (),
            )


RULES = (
    Rule(
        code="OP244",
        family="safety",
        severity=Severity.ERROR,
        title="Copies are not encrypted although the contract requires confidentiality",
        why="Whoever has access to the backup server or its disks can read the customer's data.",
        remedy="Remove encryption: none, and set passphrase: secret:vault:NAME.",
        find=_not_encrypted,
    ),
    Rule(
        code="OP255",
        family="safety",
        severity=Severity.NOTE,
        title="A device is asked by SNMP without encryption",
        why="Whoever reads a community on the way can ask the device, too, and often change it.",
        remedy="Use version 3 (user:, auth: and privacy:), or a network of its own for devices that cannot do that.",
        find=_asked_in_clear,
    ),
    Rule(
        code="OP247",
        family="safety",
        severity=Severity.ERROR,
        title="A redaction pattern matches nothing",
        why="A pattern with a typo protects nothing, and no one notices until a password appears in a report.",
        remedy="Fix the pattern; add a sample line under hides: in which it matches.",
        find=_hides_nothing,
    ),
    Rule(
        code="OP248",
        family="safety",
        severity=Severity.ERROR,
        title="A redaction pattern hides too much",
        why="Fully redacted evidence proves nothing.",
        remedy="Narrow the pattern; add lines that must not change under leaves:.",
        find=_hides_too_much,
    ),
    Rule(
        code="OP249",
        family="safety",
        severity=Severity.WARNING,
        title="An approval can be given by its requester",
        why="Self-approval is not a second pair of eyes.",
        remedy="Set not_requester: true.",
        find=_own_approval,
    ),
    Rule(
        code="OP250",
        family="safety",
        severity=Severity.WARNING,
        title="An approval needs more people than there are",
        why="It can never be given: the work waits forever, or is done without approval.",
        remedy="Require fewer approvers, another team, or the customer.",
        find=_too_few_approvers,
    ),
)
