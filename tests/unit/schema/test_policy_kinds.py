"""Every field explains itself, so that schema, documents and `init` can be made from the models."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from opspact.report.json_schema import PolicySchema
from opspact.schema.direction import declared
from opspact.schema.fields import Part
from opspact.schema.kinds import KINDS, AnyDocument, PolicyDocument

WHOLE: dict[str, Any] = TypeAdapter(PolicyDocument).json_schema(schema_generator=PolicySchema)


def parts() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, part in WHOLE["$defs"].items():
        for field, schema in part["properties"].items():
            yield name, field, schema


@pytest.mark.parametrize(
    ("part", "field", "schema"), list(parts()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_field_has_a_description_and_an_example(part: str, field: str, schema: dict[str, Any]) -> None:
    assert schema.get("description"), f"{part}.{field}"
    assert field == "kind" or schema.get("examples"), f"{part}.{field}"


def test_the_registry_and_the_union_hold_the_same_kinds() -> None:
    assert set(get_args(AnyDocument)) == set(KINDS.values())
    assert set(KINDS) == set(WHOLE["discriminator"]["mapping"])


@pytest.mark.parametrize(("kind", "model"), list(KINDS.items()))
def test_a_kind_is_the_word_that_its_document_begins_with(kind: str, model: type[AnyDocument]) -> None:
    assert kind == model.model_json_schema(schema_generator=PolicySchema)["properties"]["kind"]["const"]


def test_nothing_unknown_is_let_through_anywhere() -> None:
    assert [name for name, part in WHOLE["$defs"].items() if part["additionalProperties"] is not False] == []


COMMON = {"clauses", "kind", "name", "text"}
"""Fields of all documents: which policies are gone, and which clauses they no longer keep, is compared as a whole."""

WITHOUT_DIRECTION = {
    "its parts have directions": """
        Approval.emergency Approval.needs
        Backup.keep Backup.what DataCare.archive DataCare.select DeviceSign.http DeviceSign.ping
        DeviceSign.tcp InspectionItem.database_growth InspectionItem.disk InspectionItem.disk_health InspectionItem.http
        InspectionItem.load InspectionItem.mariadb InspectionItem.memory InspectionItem.postgresql
        InspectionItem.process InspectionItem.reboot InspectionItem.services InspectionItem.swap InspectionItem.tcp
        InspectionItem.time InspectionItem.unit InspectionItem.units InspectionItem.updates Level.milestones
        LogReview.baseline
        NormalItem.http NormalItem.tcp Quality.measure Rollout.brake Rollout.gate Roster.hours Roster.limits
        Roster.requires Route.hours
        Device.snmp DeviceSign.snmp Library.for_ Spare.for_ Runbook.limits""",
    "which thing it is, not what is promised of it": """
        Archive.to Backup.to BackupDatabase.mariadb BackupDatabase.postgresql
        BackupTarget.host BackupTarget.repository Certificate.name
        CodeTable.database CodeTable.key CodeTable.table DataCare.database Database.postgresql
        DatabaseGrowthItem.cluster DatabaseGrowthItem.database
        DatabaseOnHosts.on DatabaseOnHosts.postgresql Device.address Device.model Device.probed_from Device.serial
        Device.site DevicePort.port DiskItem.mount Emergency.runbook Flow.cases Flow.way FlowStep.name HttpCheck.status
        HttpCheck.url HttpItem.status HttpItem.url MariadbItem.database PostgresqlItem.cluster PostgresqlItem.database
        Prevention.access Prevention.backup Prevention.by_hand
        Prevention.data_care Prevention.device Prevention.inspection Prevention.log_review Prevention.service
        Prevention.training Prevention.visit Rung.tell Selection.column Selection.table TcpCheck.address TcpCheck.port
        ProcessItem.name UnitEntry.name UnitItem.name
        SnmpAccess.port SnmpValue.equals SnmpValue.name SnmpValue.oid SnmpValue.type SnmpValue.unit
        Library.host Library.path Library.sha256 Library.version Prevention.library Prevention.spare Spare.site
        Escrow.host Escrow.where Spare.where
        CallAction.name Fault.name NotifyAction.to Precondition.on RestoreAction.backup RestoreAction.database
        Runbook.inputs RunbookStep.name""",
    "who does it: rules about people tell whether they are there": """
        Access.people Accepted.by Device.owner FlowStep.by IntendedGap.agreed_by Override.away Override.instead
        Override.roster People.person People.team Person.teams Review.attended_by Review.led_by Roster.people
        Roster.rotation Rotation.handover Rotation.people Rotation.since Rotation.zone Route.answered_by Service.owner
        Staffing.people Staffing.rosters Staffing.teams Training.trainer Visit.by
        Escrow.holder KnownDrift.by Library.owner Spare.owner""",
    "words for people, or their parts; those that the customer knows are a note where they change": """
        Accepted.reason Emergency.symptoms IntendedGap.reason OfficialYear.source Override.reason Redaction.instead
        Runbook.symptoms Symptoms.en Symptoms.zh Text.en Text.zh Training.stage FlowStep.text
        RunbookStep.text KnownDrift.reason
        Licence.text Input.text NotifyAction.message Precondition.text Question.text
        Runbook.without_restore_point""",
    "compared as hours, by rules of their own (OP503, OP504)": """
        Calendar.holidays Calendar.week Calendar.workday_hours Calendar.workdays Calendar.zone Holidays.country
        Holidays.dates Holidays.known_through Holidays.official Holidays.subdivision Holidays.yearly
        OfficialYear.days_off OfficialYear.workdays Times.days Times.length Times.schedule Window.days Window.type
        Window.when
        IntendedGap.from_ IntendedGap.to Override.from_ Override.to""",
    "an estimate, or how it is done: no commitment": """
        Backup.passphrase Backup.takes CertificateItem.ca CodeTable.extra_rows CodeTable.rows Contract.formerly
        DataCare.batch
        DataCare.takes DataCare.when Flow.roster FlowStep.otherwise FlowStep.then Headcount.max Inspection.takes
        ManagedDirectory.group ManagedDirectory.mode ManagedDirectory.owner ManagedDirectory.path ManagedFile.content
        ManagedFile.group ManagedFile.link ManagedFile.mode ManagedFile.owner ManagedFile.path ManagedFile.reloads
        ManagedFile.restarts ManagedFile.source ManagedFile.template ManagedFile.validate_with Occasion.or_free_below
        Occasion.schedule Quality.chart Redaction.hides Redaction.leaves RepositoryCheck.takes Rollout.waves
        Runbook.risk Runbook.steps RunbookStep.ansible RunbookStep.ask RunbookStep.assert_ RunbookStep.attach
        RunbookStep.backup RunbookStep.capture RunbookStep.check RunbookStep.command RunbookStep.environment
        RunbookStep.fabric RunbookStep.goto RunbookStep.hide_output RunbookStep.idempotent RunbookStep.manual
        RunbookStep.notify RunbookStep.on RunbookStep.on_failure RunbookStep.restore RunbookStep.retries
        RunbookStep.retry_after RunbookStep.rollback RunbookStep.runbook RunbookStep.script RunbookStep.stdin
        RunbookStep.timeout RunbookStep.user RunbookStep.wait RunbookStep.when
        Fault.inputs Rehearsal.answers Rehearsal.fault Rehearsal.inputs
        CallAction.inputs Capture.exit_code Capture.json_ Capture.output Capture.pattern
        FabricAction.arguments FabricAction.task RestoreAction.at RestoreAction.files RestoreAction.new_name
        RestoreAction.to RollbackAction.ansible RollbackAction.command RollbackAction.fabric RollbackAction.script
        RollbackAction.user WaitAction.every WaitAction.until
        Service.directories UnitEntry.test Visit.takes Wave.count Wave.hosts Wave.pause Wave.percent
        SnmpAccess.auth SnmpAccess.auth_protocol SnmpAccess.community SnmpAccess.privacy SnmpAccess.privacy_protocol
        SnmpAccess.user
        Library.takes Spare.takes""",
    "a record of people, not of what is promised": """
        KnownDrift.hosts KnownDrift.steps KnownDrift.until
        Accepted.finding Accepted.only Accepted.until Accepted.where Certificate.until Person.account
        Person.certificates Person.channels Person.employed Person.from_ Person.keys Person.shell Person.signing_keys
        Person.until SigningKey.from_ SigningKey.key SigningKey.revoked SigningKey.until
        Training.done
        Library.licence Licence.until""",
    "what must be so for a step, or for a runbook to start: which of two promises more, nobody can tell": """
        CommandCheck.exit_code CommandCheck.output CommandCheck.run CommandCheck.user Comparison.above Comparison.below
        Comparison.contains Comparison.is_ Comparison.is_not Comparison.matches Comparison.one_of
        FileCheck.contains FileCheck.exists FileCheck.mode FileCheck.owner FileCheck.path
        PackageCheck.installed PackageCheck.name Precondition.check ProcessCheck.name ProcessCheck.running
        RunbookCheck.command RunbookCheck.file RunbookCheck.http RunbookCheck.package RunbookCheck.process
        RunbookCheck.tcp RunbookCheck.unit UnitCheck.enabled UnitCheck.name UnitCheck.running""",
    "a test of a runbook": """
        Expectation.end Expectation.steps Expectation.values Fault.changed Fault.error_output Fault.exit_code Fault.on
        Fault.outcome Fault.output Fault.step Fault.times RunbookCase.answers RunbookCase.approved RunbookCase.attach
        RunbookCase.expect RunbookCase.faults RunbookCase.inputs RunbookCase.name RunbookCase.targets RunbookCase.text
        RunbookTest.cases RunbookTest.runbook""",
    "what an operator may answer": """
        Input.choice Input.default Input.host Input.pattern Input.secret
        Question.choice Question.default Question.pattern""",
    "chosen by the policy's own hosts, which have a direction where fewer are less": "Access.hosts",
}
"""Fields of which no value promises less than another one, by reason."""


def fields() -> Iterator[tuple[str, FieldInfo]]:
    seen: set[type[Part]] = set()
    waiting: list[type[Part]] = list(KINDS.values())
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        for name, field in part.model_fields.items():
            waiting += [kind for kind in kinds_in(field.annotation) if issubclass(kind, Part)]
            if name not in COMMON or not issubclass(part, tuple(KINDS.values())):
                yield f"{part.__name__}.{name}", field


def kinds_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for inner in get_args(annotation):
        yield from kinds_in(inner)


def test_every_field_has_a_direction_or_a_reason_for_none() -> None:
    without = [name for name, field in fields() if declared(field) is None]
    stated = [name for names in WITHOUT_DIRECTION.values() for name in names.split()]
    assert sorted(without) == sorted(stated)
