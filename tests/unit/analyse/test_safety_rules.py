"""Edges of the rules about safety: secrets, runbooks, redactions, approvals."""

import json

import pytest
from analysing import found, messages
from building import backup, service

APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\n"
CONFIGURATION = "user = oa\npassword = Kitten7-lamp\n"


def runbook(command: str, more: str = "") -> str:
    return f"kind: runbook\nname: fix\nsteps:\n- text: {{en: fix it}}\n  run: {json.dumps(command)}\n  on: db\n{more}"


def redaction(pattern: str, more: str = "") -> str:
    return f"kind: redaction\nname: secrets\npatterns: ['{pattern}']\n{more}"


def test_a_secret_in_a_file_of_the_contract_is_told_with_its_line_and_never_repeated() -> None:
    web = service("web", "files: [{path: /etc/oa.conf, template: files/oa.conf.j2, mode: '0640'}]")
    (finding,) = found("OP240", web, files={"files/oa.conf.j2": CONFIGURATION})
    assert finding.message == "a password or key beside its name stands in files/oa.conf.j2, line 2"
    assert (finding.place.file, finding.place.line, finding.policy) == ("files/oa.conf.j2", 2, "contract/office")
    assert "Kitten7" not in repr(finding)


def test_a_secret_in_a_policy_or_its_comments_is_told_of_that_policy() -> None:
    web = "kind: team\nname: first\n---\n" + service("web", "# password: Kitten7-lamp\npackages: [nginx]")
    (finding,) = found("OP240", web)
    assert (finding.policy, finding.place.line) == ("service/web", 8)
    assert "Kitten7" not in repr(finding)


def test_a_secret_in_the_inventory_is_told() -> None:
    inventory = {"inventory/group_vars/all.yaml": "ansible_become_password: Kitten7-lamp\n"}
    assert len(found("OP240", files=inventory)) == 1


def test_the_made_up_secrets_of_a_redaction_are_none() -> None:
    assert found("OP240", redaction("password.{1,20}", 'hides: ["password: Kitten7-lamp"]\n')) == ()


def test_a_file_with_a_secret_is_no_harm_where_few_read_it() -> None:
    def web(mode: str) -> str:
        return service("web", f"files: [{{path: /etc/oa.conf, template: files/oa.conf.j2, mode: '{mode}'}}]")

    files = {"files/oa.conf.j2": CONFIGURATION}
    assert messages("OP246", web("0640"), files=files) == []
    told = "/etc/oa.conf holds a password or key beside its name, and everybody on the host may read it (mode 0644)"
    assert messages("OP246", web("0644"), files=files) == [told]


@pytest.mark.parametrize("path", ["/etc/ssl/private/oa.key", "/root/.pgpass", "/etc/oa/credentials.yaml"])
def test_a_file_that_is_known_to_hold_secrets_is_told_by_its_name(path: str) -> None:
    assert len(messages("OP246", service("web", f"files: [{{path: {path}, content: kept elsewhere}}]"))) == 1


@pytest.mark.parametrize("path", ["/etc/ssl/certs/oa.pem", "/etc/passwd", "/etc/apt/keyrings/x.gpg", "/etc/tokenizer"])
def test_a_file_that_everybody_needs_is_fine(path: str) -> None:
    assert messages("OP246", service("web", f"files: [{{path: {path}, content: hello}}]")) == []


def test_a_destructive_step_needs_both_an_approval_and_a_way_back() -> None:
    destroys = 'step 1 of fix ("fix it") destroys something without'
    bare = runbook("dropdb oa", "  destructive: true\n")
    assert messages("OP241", bare) == [f"{destroys} approval or restore point"]
    assert messages("OP241", APPROVAL, bare + "  approval: lead\n") == [f"{destroys} restore point"]
    assert messages("OP241", APPROVAL + "for: [destructive]\n", bare) == [f"{destroys} restore point"]
    secured = bare + "  approval: lead\n  restore_point: daily\n"
    assert messages("OP241", APPROVAL, backup("daily"), secured) == []


def test_what_is_destroyed_by_hand_needs_an_approval_alone() -> None:
    by_hand = (
        "kind: runbook\nname: fix\nsteps: [{text: {en: wipe}, by_hand: {en: shred the disk}, destructive: true}]\n"
    )
    assert messages("OP241", by_hand) == ['step 1 of fix ("wipe") destroys something without approval']


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /srv/oa",
        "mkfs.ext4 /dev/sdb1",
        "dd if=/dev/zero of=/dev/sdb",
        'psql --command "drop table document" oa',
        'psql -c "DELETE FROM audit_trail"',
        "dropdb oa",
        "borgmatic --config x restore --archive latest",
        "apt-get --yes purge postgresql",
        "rsync -a --delete /srv/new/ /srv/oa/",
        "rsync -a --delete-after /srv/new/ /srv/oa/",
        "git -C /srv/oa clean -fdx",
        "git reset --hard origin/main",
        "pg_dropcluster 15 main --stop",
        "cat /dev/null > /srv/oa/data.db",
        "> /srv/oa/data.db",
        "systemctl stop oa; : > /srv/oa/data.db",
        "truncate -s 0 /srv/oa/data.db",
        "psql oa < dump.sql",
        "psql 'dbname=oa' < dump.sql",
        "zcat dump.sql.gz | runuser -u postgres -- psql oa",
        "runuser -u postgres -- psql --file /srv/dump.sql oa",
        "rm /srv/oa/data.db",
        "rm -- /tmp/x /srv/oa/data.db",
        "/bin/rm /srv/oa/data.db",
        "pg_restore --clean --dbname oa /srv/oa.dump",
        """psql -c "UPDATE document SET state = 'gone'" oa""",
        'psql -c "truncate document, folder" oa',
        "docker volume prune",
        "zfs rollback tank/oa@monday",
        "systemctl stop oa\nrm /srv/oa/data.db",
    ],
)
def test_a_command_that_destroys_something_has_to_say_so(command: str) -> None:
    assert len(messages("OP242", runbook(command))) == 1
    assert messages("OP242", runbook(command, "  destructive: true\n")) == []


@pytest.mark.parametrize(
    "command",
    [
        "rm /run/oa.pid",
        "rm /run/oa.pid /tmp/oa.lock",
        "systemctl restart nginx",
        "dd if=/dev/sda of=/srv/image",
        "apt-get clean",
        "apt-get update && set -e",
        "grep truncate x",
        "docker run --rm alpine true",
        "pg_dump oa > /srv/before.sql",
        "pg_dump oa 2> /srv/errors",
        "make &> /srv/log",
        ": > /dev/null",
        """psql -c "SELECT 1 WHERE 1 < 2 AND 'a|b' <> ''" oa""",
        "echo oa | psql -c 'select 1' oa",
        "psql oa <<END\nSELECT 1;\nEND",
        "pg_restore -Fc --list /srv/oa.dump",
        "rsync -a /srv/oa/ /srv/copy/",
        "git status",
        """awk '{if ($1 > 5) print}' /proc/loadavg""",
    ],
)
def test_a_command_that_destroys_nothing_is_fine(command: str) -> None:
    assert messages("OP242", runbook(command)) == []


def test_copies_in_the_clear_are_fine_where_nobody_promised_confidentiality() -> None:
    assert messages("OP244", backup("daily")) == []
    told = "copies of backup daily lie on backup1 in the clear; confidentiality is promised"
    assert messages("OP244", backup("daily"), redaction("password.{1,20}")) == [told]


def test_a_pattern_without_examples_is_tried_on_what_secrets_look_like() -> None:
    assert messages("OP247", redaction("(?i)token=.{1,99}")) == []
    assert messages("OP247", redaction("tokne=")) == [
        "pattern 1 of redaction secrets matches no line that looks like a secret"
    ]


def test_an_example_that_no_pattern_hides_is_told() -> None:
    told = messages("OP247", redaction("pin: [0-9]{4}", 'hides: ["pin: 1234", "pin 1234"]\n'))
    assert told == ["redaction secrets hides nothing in line 2 of hides"]


@pytest.mark.parametrize("pattern", ["x*", "(?:)", ".", "[a-z]|备份"])
def test_a_pattern_that_matches_everything_is_told(pattern: str) -> None:
    assert messages("OP248", redaction(pattern)) == ["pattern 1 of redaction secrets matches everything"]


def test_a_pattern_that_hides_what_is_to_stay_is_told() -> None:
    told = messages("OP248", redaction("password", 'leaves: ["the password was changed"]\n'))
    assert told == ["pattern 1 of redaction secrets hides something in line 1 of leaves"]


def test_approvers_are_counted_on_the_day() -> None:
    gone = "kind: person\nname: li-na\nteams: [operations]\nfrom: 2025-01-01\nuntil: 2026-02-28\n"
    lead = APPROVAL.replace("customer", "operations")
    assert messages("OP250", gone, lead) == ["approval lead needs 1 of operations, where 0 are on 2026-03-02"]
    assert messages("OP250", gone.replace("until: 2026-02-28\n", ""), lead) == []
