"""Policies are read into documents that know where they are written; everything wrong is told at once."""

import pytest

from opspact.errors import Place, Problem, Refused
from opspact.schema.documents.access import Access
from opspact.schema.documents.backup import Backup
from opspact.schema.documents.inspection import Inspection
from opspact.schema.documents.person import Person
from opspact.schema.documents.service import Service, UnitEntry
from opspact.schema.inspection_items import DiskItem, LoadItem, UnitsItem
from opspact.schema.kinds import AnyDocument
from opspact.schema.read import LocatedDocument, read_policies
from opspact.schema.values.durations import parse_duration
from opspact.values.secret import SecretReference

CONTRACT = """\
kind: contract
name: office
customer: {zh: 示例单位, en: Example Office}
provider: {en: Example Technology}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: en
"""


def read(text: str) -> tuple[LocatedDocument, ...]:
    """Given the text of one policy file, return its documents beside a fine contract's."""
    written = read_policies({"policies/a.yaml": text.encode(), "policies/contract.yaml": CONTRACT.encode()})
    return tuple(one for one in written if one.place.file == "policies/a.yaml")


def document(text: str) -> AnyDocument:
    """Given the text of one document, return it."""
    (written,) = read(text)
    return written.document


def problems(text: str) -> list[tuple[str, int, int, str]]:
    """Given the text of one policy file that is refused, return the code, line, column and path of each problem."""
    return [(each.code, each.place.line, each.place.column, each.where) for each in refused(text)]


def refused(text: str) -> tuple[Problem, ...]:
    """Given the text of one policy file that is refused, return the problems."""
    try:
        read(text)
    except Refused as refusal:
        return refusal.problems
    raise AssertionError("it is not refused")


SERVICE = """\
kind: service
name: web
clauses: [C1]
hosts: web:&hq
owner: implementation
units:
  - nginx.service
  - {name: cups.service, enabled: false, running: false}
normal:
  - http: {url: "http://localhost/"}
  - tcp: {port: 5432}
files:
  - path: /etc/nginx/oa
    template: files/oa.conf.j2
    mode: 0640
    restarts: nginx.service
  - {path: /etc/link, link: /etc/nginx/oa}
"""


def service() -> Service:
    found = document(SERVICE)
    assert isinstance(found, Service)
    return found


def test_a_bare_unit_is_enabled_and_running() -> None:
    expected = (UnitEntry(name="nginx.service"), UnitEntry(name="cups.service", enabled=False, running=False))
    assert expected == service().units
    assert (expected[0].enabled, expected[0].running) == (True, True)


def test_a_check_is_what_its_one_key_says() -> None:
    http, tcp = (item.check for item in service().normal)
    assert ("HttpCheck", parse_duration("2s")) == (type(http).__name__, http.within)
    assert ("TcpCheck", parse_duration("2s")) == (type(tcp).__name__, tcp.within)


def test_a_file_has_its_defaults_and_its_mode_in_four_digits() -> None:
    file = service().files[0]
    assert (file.owner, file.group, file.mode, file.restarts) == ("root", "root", "0640", ("nginx.service",))


def test_documents_know_their_places() -> None:
    (written,) = read("# a comment\n---\n" + SERVICE)
    places = [
        written.place,
        written.at("files", 0, "path"),
        written.at("files", 0, "owner"),
        written.at("files", 1, "link"),
        written.at("files"),
        written.at("tier"),
    ]
    expected = [(3, 1), (15, 11), (15, 5), (19, 29), (14, 1), (3, 1)]
    assert [Place("policies/a.yaml", line, column) for line, column in expected] == places


def test_a_later_reader_can_point_at_a_field() -> None:
    (written,) = read(SERVICE)
    problem = written.problem("OP123", ("files", 0, "template"), "there is no such file", hint="did you mean x?")
    said = "policies/a.yaml:14:15: files[0].template: there is no such file (did you mean x?)"
    assert (said, "    template: files/oa.conf.j2") == (str(problem), problem.source)


def test_documents_come_in_the_order_of_paths_and_places() -> None:
    team = b"kind: team\nname: %s\n"
    tree = {
        "policies/z.yml": team % b"last",
        "policies/a/b.yaml": team % b"first" + b"---\n" + team % b"second",
        "policies/contract.yaml": CONTRACT.encode(),
        "policies/readme.md": b"\xff",
        "inventory/hosts.yaml": b"\xff",
        "other/policies/x.yaml": b"\xff",
    }
    assert [written.document.name for written in read_policies(tree)] == ["first", "second", "office", "last"]


def test_problems_of_all_files_are_told_together() -> None:
    tree = {
        "policies/b.yaml": b"kind: team\nname: [\n",
        "policies/a.yaml": b"kind: team\nnmae: works\n",
        "policies/contract.yaml": CONTRACT.encode().replace(b"language: en", b"language: fr"),
    }
    with pytest.raises(Refused) as caught:
        read_policies(tree)
    assert [problem.code for problem in caught.value.problems] == ["OP013", "OP020", "OP001", "OP023"]


def test_the_same_name_may_be_used_in_two_kinds() -> None:
    assert [
        written.document.name
        for written in read("kind: team\nname: works\n---\nkind: person\nname: works\nfrom: 2026-01-01\n")
    ] == ["works", "works"]


def test_a_missing_contract_is_not_told_when_a_broken_file_may_hold_it() -> None:
    with pytest.raises(Refused) as caught:
        read_policies({"policies/contract.yaml": b"kind: contract\nname: 'office\n"})
    assert [problem.code for problem in caught.value.problems] == ["OP001"]


def test_numbers_are_told_as_they_are_written() -> None:
    text = "kind: service\nname: web\nhosts: web\nowner: works\ntier: 1.10\n"
    assert problems(text) == [("OP022", 5, 7, "tier")]
    assert all("1.10" in words for problem in refused(text) for words in (problem.message, problem.hint))


def test_secrets_are_references() -> None:
    text = "kind: person\nname: li-na\nfrom: 2026-01-01\nchannels: {mobile: secret:env:LI_NA, email: li@example.com}\n"
    person = document(text)
    assert isinstance(person, Person)
    assert {"mobile": SecretReference("env", "LI_NA"), "email": "li@example.com"} == person.channels
    assert person.login == "li-na"


BACKUP = """\
kind: backup
name: daily
hosts: db
what: {paths: [/etc], databases: [{postgresql: oa, on: db}]}
schedule: daily at 01:00
to: {host: backup1, repository: daily}
keep: {daily: 7}
rpo: 25h
rto: 4h
"""


def test_a_backup_is_encrypted_or_openly_not() -> None:
    assert problems(BACKUP) == [("OP021", 1, 1, "passphrase")]
    open_one, closed = document(BACKUP + "encryption: none\n"), document(BACKUP + "passphrase: secret:vault:borg\n")
    assert isinstance(open_one, Backup)
    assert isinstance(closed, Backup)
    assert (None, SecretReference("vault", "borg")) == (open_one.passphrase, closed.passphrase)
    both = BACKUP + "encryption: none\npassphrase: secret:vault:borg\n"
    assert problems(both) == [("OP029", 10, 13, "encryption")]


def test_what_is_not_encrypted_has_no_escrow() -> None:
    escrow = "escrow: {where: {en: safe}, holder: customer, checked: quarterly on day 10 at 10:00}\n"
    assert problems(BACKUP + f"encryption: none\n{escrow}") == [("OP029", 11, 9, "escrow")]
    kept = document(BACKUP + f"passphrase: secret:vault:borg\n{escrow}")
    assert isinstance(kept, Backup)
    assert kept.escrow
    assert (kept.escrow.holder, kept.escrow.host) == ("customer", None)


def test_a_database_is_of_one_kind_of_server() -> None:
    text = BACKUP + "passphrase: secret:vault:borg\n"
    of_mariadb = document(text.replace("postgresql: oa", "mariadb: shop"))
    assert isinstance(of_mariadb, Backup)
    (database,) = of_mariadb.what.databases
    assert (database.mariadb, database.postgresql, database.on) == ("shop", None, "db")
    for wrong in ("postgresql: oa, mariadb: shop", "on: db"):
        (problem,) = problems(text.replace("postgresql: oa, on: db", wrong))
        assert problem[0] == "OP021"


@pytest.mark.parametrize(
    "written", ["hunter2", "'hunter2'", "\n  hunter2", "[hunter2]", "{hunter2: x}", "|\n  hunter2\n"]
)
def test_a_passphrase_in_plain_is_refused_and_not_repeated(written: str) -> None:
    reported = refused(BACKUP + f"passphrase: {written}\n")
    assert [problem.code for problem in reported] == ["OP028"]
    assert "hunter2" not in repr(reported)


@pytest.mark.parametrize("key", ["password", "pass_phrase", "db_password", "API_TOKEN", "client-secret"])
def test_a_line_that_looks_like_a_secret_is_not_repeated(key: str) -> None:
    reported = refused(BACKUP + f"encryption: none\n{key}: hunter2\n")
    assert [problem.code for problem in reported] == ["OP020"]
    assert "hunter2" not in repr(reported)


def test_people_are_named_by_team_and_person_one_or_several() -> None:
    text = "kind: access\nname: a\nhosts: all\npeople: {team: works, person: [li-na, wang]}\nsudo: [ALL]\n"
    access = document(text)
    assert isinstance(access, Access)
    assert access.people
    assert (
        *(access.people.team, access.people.person),
        *(access.sudo, access.keys),
    ) == (("works",), ("li-na", "wang"), ("ALL",), "exclusive")


def test_inspection_items_are_what_their_one_key_says() -> None:
    text = """\
kind: inspection
name: daily
hosts: all
schedule: 30 7 * * *
items:
  - disk: {mount: /, warn: 80%, critical: 92.5 %, full_within: 72h}
  - units: {}
  - load: {warn: 1.5, critical: 4}
"""
    inspection = document(text)
    assert isinstance(inspection, Inspection)
    disk, units, load = (item.check for item in inspection.items)
    assert isinstance(disk, DiskItem)
    assert (disk.warn.value, disk.critical.value) == (80.0, 92.5)
    assert UnitsItem(failed=0) == units
    assert LoadItem(warn=1.5, critical=4.0) == load


def test_nothing_that_is_read_can_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(service(), "hosts", "all")  # noqa: B010 - a type checker refuses the plain form


def test_wide_blanks_and_rare_characters_of_names_are_text() -> None:
    (written,) = read("kind: team\nname: works\ntext: {zh: 示例　单位 \U00030edd\U00031350}\n")
    assert written.document.text is not None
    assert written.document.text.zh == "示例　单位 \U00030edd\U00031350"


def test_of_very_many_problems_in_a_file_the_first_are_told_and_that_there_are_more() -> None:
    reported = refused("kind: team\nname: works\n" + "".join(f"k{number}: 1\n" for number in range(5000)))
    assert [problem.code for problem in reported] == ["OP009"] + ["OP020"] * 100
    assert reported[0].place == Place("policies/a.yaml")


def test_an_unknown_key_is_named_whatever_it_is_called() -> None:
    assert problems('kind: team\nname: a\n"[key]": 1\n') == [("OP020", 3, 1, "[key]")]
