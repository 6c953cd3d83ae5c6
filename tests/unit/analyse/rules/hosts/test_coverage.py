"""Edges of the rules about what is left out."""

from analysing import found, lines, messages
from building import backup, service
from reading import named

INSPECTION = "kind: inspection\nname: daily\nhosts: all\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"
DEVICE = "kind: device\nname: switch\nowner: operations\naddress: 192.0.2.1\nprobed_from: app1\nnormal: [{ping: {}}]\n"
MANY = "all:\n  hosts:\n" + "".join(f"    h{number}: {{}}\n" for number in range(10_000))
FLOW = "kind: flow\nname: FLOW\nway: inspection_and_repair\nservices: [SERVICES]\ninspections: [daily]\n"
STEPS = "steps: [{name: look, text: {en: look}, by: operations}]\n"


def flow(name: str, services: str) -> str:
    return FLOW.replace("FLOW", name).replace("SERVICES", services) + STEPS


def test_ten_thousand_hosts_without_inspection_are_one_finding() -> None:
    (finding,) = found("OP220", inventory=MANY)
    assert (finding.policy, len(finding.about)) == ("contract/office", 10_000)
    assert named(finding, "h0", "h1", "h2", "h3") == {"h0", "h1", "h2"}
    assert "9,997" in finding.message


def test_one_host_is_in_no_inspection() -> None:
    (finding,) = found("OP220", INSPECTION.replace("all", "all:!app2"))
    assert finding.about == ("app2",)


def test_a_backup_server_keeps_backups_and_needs_none() -> None:
    (finding,) = found("OP221", backup("daily"))
    assert finding.about == ("db1", "backup2")
    (finding,) = found("OP222", backup("daily"), service("web", "packages: [nginx]"))
    assert finding.about == ("db1", "backup2")


def test_nothing_is_said_of_tiers_where_none_are_used() -> None:
    assert messages("OP224", service("web", "packages: [nginx]")) == []


def test_a_service_without_units_needs_no_signs() -> None:
    assert messages("OP225", service("motd", "files: [{path: /etc/motd, content: hello}]")) == []


def test_data_is_kept_by_a_backup_of_the_folder_above_it() -> None:
    web = service("web", "data: {paths: [/etc/oa]}")
    assert messages("OP226", web, backup("daily")) == []


def test_data_in_a_folder_with_a_name_alike_is_not_kept() -> None:
    web = service("web", "data: {paths: [/etcetera]}")
    (finding,) = found("OP226", web, backup("daily"))
    assert (finding.policy, finding.subject) == ("service/web", "/etcetera")
    assert named(finding, "app1", "app2", "db1") == {"app1", "app2"}


def test_data_that_a_backup_leaves_out_is_not_kept() -> None:
    web = service("web", "data: {paths: [/etc/oa/data]}")
    left_out = backup("daily").replace("{paths: [/etc]}", "{paths: [/etc], exclude: [/etc/oa]}")
    assert len(messages("OP226", web, left_out)) == 1


def test_data_is_missed_on_the_hosts_that_no_backup_reaches() -> None:
    both = service("web", "data: {paths: [/etc/oa]}", hosts="web:db")
    (finding,) = found("OP226", both, backup("daily"))
    assert named(finding, "app1", "app2", "db1") == {"db1"}


def test_a_database_is_kept_by_a_dump_on_one_of_the_service_s_hosts() -> None:
    database = service("data", "data: {databases: [oa]}")
    dumps = backup("daily").replace("{paths: [/etc]}", "{databases: [{postgresql: oa, on: app1}]}")
    assert messages("OP226", database, dumps) == []
    elsewhere = service("data", "data: {databases: [oa]}", hosts="db")
    (finding,) = found("OP226", elsewhere, dumps)
    assert (finding.subject, named(finding, "app1", "db1")) == ("oa", {"db1"})


def test_a_service_is_served_in_one_flow() -> None:
    web, mail = service("web", "packages: [nginx]"), service("mail", "packages: [postfix]")
    assert messages("OP227", INSPECTION, web, mail) == []
    assert lines("OP227", INSPECTION, web, mail, flow("one", "web")) == [("service/mail", "name: mail")]
    twice = lines("OP227", INSPECTION, web, mail, flow("one", "web, mail"), flow("two", "web"))
    assert twice == [("flow/two", "services: [web]")]


def test_the_course_of_a_case_serves_no_service() -> None:
    course = "kind: flow\nname: defect\nway: case\ncases: defect\n" + STEPS
    assert messages("OP227", service("web", "packages: [nginx]"), course) == []


def test_a_device_is_looked_at_with_the_inspections_of_its_host() -> None:
    assert messages("OP231", DEVICE, INSPECTION) == []
    elsewhere = INSPECTION.replace("hosts: all", "hosts: db")
    assert lines("OP231", DEVICE, elsewhere) == [("device/switch", "probed_from: app1")]
    assert lines("OP231", "kind: device\nname: switch\n") == [("device/switch", "name: switch")]


def test_a_device_at_the_host_s_own_name_is_the_host() -> None:
    assert messages("OP232", DEVICE) == []
    for address in ("app1", "127.0.0.1", "localhost"):
        assert len(messages("OP232", DEVICE.replace("192.0.2.1", address))) == 1


TABLE = "kind: code_table\nname: kinds\ndatabase: {postgresql: oa, on: db}\ntable: t\nkey: code\nrows: [{code: a}]\n"
LOOK = "kind: inspection\nname: look\nhosts: %s\nschedule: daily at 07:30\nitems: [{postgresql: {database: oa}}]\n"


def test_a_database_is_looked_at_where_it_is() -> None:
    assert messages("OP228", TABLE, LOOK % "db") == []
    another = TABLE.replace("kinds", "more").replace("table: t", "table: u")
    for policies in ((TABLE, LOOK % "web"), (TABLE, another, LOOK % "web"), (TABLE, (LOOK % "db").replace("oa", "hr"))):
        (finding,) = found("OP228", *policies)
        assert (finding.policy, finding.subject) == ("code_table/kinds", "oa")
        assert named(finding, "app1", "db1") == {"db1"}


def test_a_database_of_mariadb_is_looked_at_by_an_item_of_mariadb() -> None:
    dumps = backup("daily").replace("{paths: [/etc]}", "{databases: [{mariadb: oa}]}")
    (finding,) = found("OP228", dumps, LOOK % "web")
    assert (finding.policy, finding.subject) == ("backup/daily", "mariadb/oa")
    look, owned = (LOOK % "web").replace("postgresql", "mariadb"), service("web", "data: {databases: [oa]}")
    assert messages("OP228", dumps, look) == messages("OP228", owned, look) == []
    assert messages("OP229", dumps, owned) == []


def test_on_which_host_of_a_service_a_database_is_need_not_be_written() -> None:
    owned = service("web", "data: {databases: [oa]}").replace("hosts: web", "hosts: all")
    assert messages("OP228", owned, LOOK % "db") == []
    assert messages("OP229", TABLE, owned) == []
    (finding,) = found("OP229", TABLE, owned.replace("hosts: all", "hosts: web"))
    assert (finding.policy, finding.subject) == ("code_table/kinds", "oa")
