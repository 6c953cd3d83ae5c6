"""Edges of the rules about what is left out."""

from analysing import found, messages
from building import backup, service

INSPECTION = "kind: inspection\nname: daily\nhosts: all\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"
DEVICE = "kind: device\nname: switch\nowner: operations\naddress: 192.0.2.1\nprobed_from: app1\nnormal: [{ping: {}}]\n"
MANY = "all:\n  hosts:\n" + "".join(f"    h{number}: {{}}\n" for number in range(10_000))
FLOW = "kind: flow\nname: FLOW\nway: inspection_and_repair\nservices: [SERVICES]\ninspections: [daily]\n"
STEPS = "steps: [{name: look, text: {en: look}, by: operations}]\n"


def flow(name: str, services: str) -> str:
    return FLOW.replace("FLOW", name).replace("SERVICES", services) + STEPS


def test_ten_thousand_hosts_without_inspection_are_one_finding() -> None:
    (finding,) = found("OP220", inventory=MANY)
    assert finding.message == "h0, h1, h2 and 9,997 more hosts are in no inspection"
    assert finding.policy == "contract/office"


def test_one_host_is_in_no_inspection() -> None:
    assert messages("OP220", INSPECTION.replace("all", "all:!app2")) == ["app2 is in no inspection"]


def test_a_backup_server_keeps_backups_and_needs_none() -> None:
    assert messages("OP221", backup("daily")) == ["db1 and backup2 are in no backup"]
    assert messages("OP222", backup("daily"), service("web", "packages: [nginx]")) == [
        "db1 and backup2 are in no service"
    ]


def test_nothing_is_said_of_tiers_where_none_are_used() -> None:
    assert messages("OP224", service("web", "packages: [nginx]")) == []


def test_a_service_without_units_needs_no_signs() -> None:
    assert messages("OP225", service("motd", "files: [{path: /etc/motd, content: hello}]")) == []


def test_data_is_kept_by_a_backup_of_the_folder_above_it() -> None:
    web = service("web", "data: {paths: [/etc/oa]}")
    assert messages("OP226", web, backup("daily")) == []


def test_data_in_a_folder_with_a_name_alike_is_not_kept() -> None:
    web = service("web", "data: {paths: [/etcetera]}")
    assert messages("OP226", web, backup("daily")) == ["no backup keeps /etcetera of service web on app1 and app2"]


def test_data_that_a_backup_leaves_out_is_not_kept() -> None:
    web = service("web", "data: {paths: [/etc/oa/data]}")
    left_out = backup("daily").replace("{paths: [/etc]}", "{paths: [/etc], exclude: [/etc/oa]}")
    assert len(messages("OP226", web, left_out)) == 1


def test_data_is_missed_on_the_hosts_that_no_backup_reaches() -> None:
    both = service("web", "data: {paths: [/etc/oa]}", hosts="web:db")
    assert messages("OP226", both, backup("daily")) == ["no backup keeps /etc/oa of service web on db1"]


def test_a_database_is_kept_by_a_dump_on_one_of_the_service_s_hosts() -> None:
    database = service("data", "data: {databases: [oa]}")
    dumps = backup("daily").replace("{paths: [/etc]}", "{databases: [{postgresql: oa, on: app1}]}")
    assert messages("OP226", database, dumps) == []
    elsewhere = service("data", "data: {databases: [oa]}", hosts="db")
    assert messages("OP226", elsewhere, dumps) == ["no backup keeps the database oa of service data on db1"]


def test_a_service_is_served_in_one_flow() -> None:
    web, mail = service("web", "packages: [nginx]"), service("mail", "packages: [postfix]")
    assert messages("OP227", INSPECTION, web, mail) == []
    assert messages("OP227", INSPECTION, web, mail, flow("one", "web")) == [
        "service mail is in no flow: nothing says how it is served"
    ]
    twice = messages("OP227", INSPECTION, web, mail, flow("one", "web, mail"), flow("two", "web"))
    assert twice == ["service web is served in two ways, one and two"]


def test_the_course_of_a_case_serves_no_service() -> None:
    course = "kind: flow\nname: defect\nway: case\ncases: defect\n" + STEPS
    assert messages("OP227", service("web", "packages: [nginx]"), course) == []


def test_a_device_is_looked_at_with_the_inspections_of_its_host() -> None:
    assert messages("OP231", DEVICE, INSPECTION) == []
    elsewhere = INSPECTION.replace("hosts: all", "hosts: db")
    assert messages("OP231", DEVICE, elsewhere) == ["device switch is looked at from app1, which is in no inspection"]
    assert messages("OP231", "kind: device\nname: switch\n") == [
        "device switch is looked at by nobody: nothing says what running normally means"
    ]


def test_a_device_at_the_host_s_own_name_is_the_host() -> None:
    assert messages("OP232", DEVICE) == []
    for address in ("app1", "127.0.0.1", "localhost"):
        assert len(messages("OP232", DEVICE.replace("192.0.2.1", address))) == 1


TABLE = "kind: code_table\nname: kinds\ndatabase: {postgresql: oa, on: db}\ntable: t\nkey: code\nrows: [{code: a}]\n"
LOOK = "kind: inspection\nname: look\nhosts: %s\nschedule: daily at 07:30\nitems: [{postgresql: {database: oa}}]\n"


def test_a_database_is_looked_at_where_it_is() -> None:
    assert messages("OP228", TABLE, LOOK % "db") == []
    assert messages("OP228", TABLE, LOOK % "web") == ["no inspection looks at the database oa of db1"]
    assert messages("OP228", TABLE, TABLE.replace("kinds", "more").replace("table: t", "table: u"), LOOK % "web") == [
        "no inspection looks at the database oa of db1"
    ]
    assert messages("OP228", TABLE, (LOOK % "db").replace("oa", "hr")) == [
        "no inspection looks at the database oa of db1"
    ]


def test_on_which_host_of_a_service_a_database_is_need_not_be_written() -> None:
    owned = service("web", "data: {databases: [oa]}").replace("hosts: web", "hosts: all")
    assert messages("OP228", owned, LOOK % "db") == []
    assert messages("OP229", TABLE, owned) == []
    assert messages("OP229", TABLE, owned.replace("hosts: all", "hosts: web")) == [
        "the database oa belongs to no service: nobody answers for it, and it has no tier"
    ]
