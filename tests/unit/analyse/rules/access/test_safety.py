"""Edges of the rules about safety: secrets, runbooks, redactions, approvals."""

import json

import pytest
from analysing import found, lines, messages
from building import DAY, backup, service, tree
from reading import data, named

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.resolve.contract import resolve

APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\n"
CONFIGURATION = "user = oa\npassword = Kitten7-lamp\n"


def runbook(command: str, more: str = "") -> str:
    return f"kind: runbook\nname: fix\nsteps:\n- text: {{en: fix it}}\n  run: {json.dumps(command)}\n  on: db\n{more}"


def redaction(pattern: str, more: str = "") -> str:
    return f"kind: redaction\nname: secrets\npatterns: ['{pattern}']\n{more}"


def test_a_secret_in_a_file_of_the_contract_is_told_with_its_line_and_never_repeated() -> None:
    web = service("web", "files: [{path: /etc/oa.conf, template: files/oa.conf.j2, mode: '0640'}]")
    (finding,) = found("OP240", web, files={"files/oa.conf.j2": CONFIGURATION})
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
    (finding,) = found("OP246", web("0644"), files=files)
    assert named(finding, "/etc/oa.conf", "0644") == {"/etc/oa.conf", "0644"}
    assert "Kitten7" not in repr(finding)


@pytest.mark.parametrize("path", ["/etc/ssl/private/oa.key", "/root/.pgpass", "/etc/oa/credentials.yaml"])
def test_a_file_that_is_known_to_hold_secrets_is_told_by_its_name(path: str) -> None:
    assert len(messages("OP246", service("web", f"files: [{{path: {path}, content: kept elsewhere}}]"))) == 1


@pytest.mark.parametrize("path", ["/etc/ssl/certs/oa.pem", "/etc/passwd", "/etc/apt/keyrings/x.gpg", "/etc/tokenizer"])
def test_a_file_that_everybody_needs_is_fine(path: str) -> None:
    assert messages("OP246", service("web", f"files: [{{path: {path}, content: hello}}]")) == []


def daily(hosts: str, databases: str = "[]") -> str:
    what = f"what: {{paths: [/etc], databases: {databases}}}"
    return backup("daily").replace("hosts: web", f"hosts: {hosts}").replace("what: {paths: [/etc]}", what)


def lacks(*policies: str) -> list[str]:
    """Return which of the two that a destructive step needs its finding names, the finding itself given."""
    (finding,) = found("OP241", *policies)
    assert (finding.policy, finding.subject) == ("runbook/fix", "step 1")
    return [each for each in ("approval", "restore point") if each in finding.message]


def test_a_destructive_step_needs_both_an_approval_and_a_way_back() -> None:
    bare, approval = runbook("rm -r /srv/oa", "  destructive: true\n"), APPROVAL + "for: [destructive]\n"
    assert lacks(bare) == ["approval", "restore point"]
    assert lacks(approval, bare) == ["restore point"]
    assert lacks(daily("db"), bare + "  restore_point: daily\n") == ["approval"]
    secured = bare + "  approval: lead\n  restore_point: daily\n"
    assert messages("OP241", approval, daily("db"), secured) == []
    assert messages("OP241", approval, daily("db"), secured.replace("  approval: lead\n", "")) == []


def test_an_approval_for_something_else_is_none() -> None:
    step = runbook("rm -r /srv/oa", "  destructive: true\n  approval: lead\n  restore_point: daily\n")
    assert lacks(APPROVAL + "for: [pause]\n", daily("db"), step) == ["approval"]
    another = APPROVAL.replace("lead", "destructive-work") + "for: [destructive]\n"
    assert messages("OP241", APPROVAL, another, daily("db"), step) == [], "that one is needed as well"


def test_a_restore_point_copies_all_hosts_of_the_step() -> None:
    step = runbook("rm -r /srv/oa", "  destructive: true\n  restore_point: daily\n").replace("on: db", "on: web:db")
    approval = APPROVAL + "for: [destructive]\n"
    (finding,) = found("OP241", approval, daily("app1"), step)
    assert named(finding, "daily", "app1", "app2", "db1") == {"daily", "app2", "db1"}
    assert messages("OP241", approval, daily("web:db"), step) == []


@pytest.mark.parametrize("command", ["dropdb oa", "psql oa < dump.sql", "rm -r /srv/oa\npg_restore --clean x.dump"])
def test_the_restore_point_of_a_step_that_changes_a_database_dumps_one_there(command: str) -> None:
    step = runbook(command, "  destructive: true\n  restore_point: daily\n")
    approval = APPROVAL + "for: [destructive]\n"
    for backup_ in (daily("web:db"), daily("web:db", "[{postgresql: oa, on: web}]")):
        (finding,) = found("OP241", approval, backup_, step)
        assert named(finding, "daily", "database", "app1", "db1") == {"daily", "database", "db1"}
    assert messages("OP241", approval, daily("web:db", "[{postgresql: oa, on: db}]"), step) == []
    assert messages("OP241", approval, daily("web:db", "[{postgresql: oa}]"), step) == []


def test_what_is_destroyed_by_hand_needs_an_approval_alone() -> None:
    by_hand = (
        "kind: runbook\nname: fix\nsteps: [{text: {en: wipe}, by_hand: {en: shred the disk}, destructive: true}]\n"
    )
    assert lacks(by_hand) == ["approval"]


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
        'psql oa -c "TRUNCATE audit CASCADE"',
        "find /srv | xargs rm",
        "find /srv -name '*.old' -exec rm {} \\;",
        "tar -xzf b.tgz -C /",
        "tar xf b.tar --directory=/etc",
        "mysqladmin drop oa",
        "dd if=/dev/zero of=/srv/oa/file",
        "dd if=/dev/urandom of=/srv/oa/file bs=1M count=1",
        "cat /dev/zero > /dev/sda",
        "zcat image.gz | tee /dev/mapper/root",
        "cat image >> /dev/nvme0n1",
        "sfdisk --delete /dev/sda",
        "sfdisk /dev/sda < layout",
        "borgmatic prune",
        "docker compose down -v",
        "aws s3 sync --delete /srv/a s3://copies",
        "aws s3 rm s3://copies/monday",
        "rm -rf /tmp/../srv/oa",
        "rm -rf /tmp/work /srv/oa",
        "if true; then rm -r /srv/oa; fi",
        "clean() { rm -r /srv/oa; }",
        "sudo -u postgres -- dropdb oa",
        "sudo -iu postgres psql -c 'drop table document'",
        "runuser -u postgres -- psql -c 'drop table document'",
        "su - postgres -c 'dropdb oa'",
        "bash -lc 'cd /srv; rm -r oa'",
        "bash <<END\nrm -r /srv/oa\nEND",
        "psql oa <<END\nDROP TABLE document;\nEND\nsystemctl start oa",
        "timeout --signal KILL 10 nice -n 5 rm -r /srv/oa",
        "env LANG=C rm /srv/oa/data.db",
        "LANG=C rm /srv/oa/data.db",
        'name=$(rm -v "/srv/oa/$(date)")',
        'echo "gone: $(rm -v /srv/oa/data.db)"',
        "rm $(cat list)",
        "docker exec -i db psql -U oa < dump.sql",
        "zcat dump.gz | su postgres -c 'psql oa'",
        "ssh db1 'rm -r /srv/oa'",
        "true; sudo \\\n  rm\\\n -r /srv/oa",
        "true \\\n  && rm -r /srv/oa",
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
        "rm -f /tmp/x",
        "rm -f /run/lock",
        "rm -rf /tmp/work",
        "find /tmp/work -type f -delete",
        "find /tmp/work -type f | xargs --no-run-if-empty rm",
        'echo "rm -rf is bad"',
        "grep -c rm /etc/x",
        "grep ';' /etc/x # rm -rf /srv",
        "systemctl status oa || echo 'not rm -rf; or dropdb'",
        'logger "drop table document was run"',
        "command -v dropdb",
        "trap 'rm -f /tmp/x' EXIT",
        "tar -xzf b.tgz -C /srv/restored",
        "tar -czf b.tgz -C / etc",
        "dd if=/dev/zero of=/tmp/speed bs=1M count=10",
        "dd if=/dev/sda of=/dev/null",
        "sfdisk --dump /dev/sda",
        "docker compose down",
        "docker exec web grep -c rm /etc/x",
        "aws s3 sync /srv/a s3://copies",
        "runuser -u postgres -- psql -c 'select 1' oa",
        "for each in rm dropdb; do echo $each; done",
        "cat <<END\nrm -rf /srv\nEND\ntrue",
        "echo 'unfinished",
    ],
)
def test_a_command_that_destroys_nothing_is_fine(command: str) -> None:
    assert messages("OP242", runbook(command)) == []


def test_copies_in_the_clear_are_fine_where_nobody_promised_confidentiality() -> None:
    assert messages("OP244", backup("daily")) == []
    (finding,) = found("OP244", backup("daily"), redaction("password.{1,20}"))
    assert (finding.policy, finding.source) == ("backup/daily", "encryption: none")
    assert named(finding, "backup1", "backup2") == {"backup1"}


def test_a_pattern_without_examples_is_tried_on_what_secrets_look_like() -> None:
    assert messages("OP247", redaction("(?i)token=.{1,99}")) == []
    assert lines("OP247", redaction("tokne=")) == [("redaction/secrets", "patterns: ['tokne=']")]


def test_an_example_that_no_pattern_hides_is_told() -> None:
    (finding,) = found("OP247", redaction("pin: [0-9]{4}", 'hides: ["pin: 1234", "pin 1234"]\n'))
    assert finding.source.startswith("hides:")
    assert finding.source[finding.place.column - 1 :].startswith('"pin 1234"')


@pytest.mark.parametrize("pattern", ["x*", "(?:)", ".", "[a-z]|备份"])
def test_a_pattern_that_matches_everything_is_told(pattern: str) -> None:
    assert lines("OP248", redaction(pattern)) == [("redaction/secrets", f"patterns: ['{pattern}']")]


def test_a_pattern_that_hides_what_is_to_stay_is_told() -> None:
    leaves = 'leaves: ["the password was changed"]'
    assert lines("OP248", redaction("password", f"{leaves}\n")) == [("redaction/secrets", leaves)]


def test_a_redaction_that_would_mask_its_own_replacement_is_reported() -> None:
    assert lines("OP248", redaction("pass.{1,9}", "instead: no password\n")) == [
        ("redaction/secrets", "instead: no password")
    ]


def test_approvers_are_counted_on_the_day() -> None:
    gone = "kind: person\nname: li-na\nteams: [operations]\nfrom: 2025-01-01\nuntil: 2026-02-28\n"
    lead = APPROVAL.replace("customer", "operations")
    (finding,) = found("OP250", gone, lead)
    assert (finding.policy, data(finding.message)) == ("approval/lead", {"1", "0", "2026-03-02"})
    assert messages("OP250", gone.replace("until: 2026-02-28\n", ""), lead) == []


@pytest.mark.parametrize("piece", ["sh -c 'rm ", "find / -exec ", "sudo xargs ", "$(rm ", "`", "cat <<A\n"])
def test_commands_within_commands_end_somewhere(piece: str) -> None:
    assert len(messages("OP242", runbook(piece * 200))) <= 1


def test_commands_that_multiply_are_looked_at_up_to_a_bound() -> None:
    assert messages("OP242", runbook("find " + "a " * 3000 + "-exec rm {} " * 300))
    assert messages("OP242", runbook("docker " + "down " * 20_000)) == []


@pytest.mark.parametrize(
    "command",
    [
        "apt-get --dry-run autoremove",
        "apt-get -s autoremove",
        "borg prune --dry-run",
        "rsync -a --delete --dry-run a/ b/",
        "mkfs.ext4 -n /dev/sdb",
        "wipefs /dev/sda",
        "dropdb --help",
        'psql -c "EXPLAIN DELETE FROM x" oa',
        """psql -c "SELECT 1 FROM log WHERE line LIKE '%DELETE FROM%'" oa""",
        "git commit -m 'drop table x'",
        "docker logs rm",
    ],
)
def test_what_only_tells_destroys_nothing(command: str) -> None:
    assert messages("OP242", runbook(command)) == []


@pytest.mark.parametrize(
    "command", ["pg_restore -Cc -d postgres x.dump", "parted /dev/sda rm 1", "docker rm web", "docker compose down -v"]
)
def test_short_options_and_words_destroy_too(command: str) -> None:
    assert len(messages("OP242", runbook(command))) == 1


def test_a_check_that_destroys_is_told_to_be_run() -> None:
    (finding,) = found("OP242", runbook("rm /srv/x").replace("run:", "check:"))
    assert "run:" in finding.help


def test_a_dump_alone_brings_no_files_back() -> None:
    dump = backup("daily").replace("what: {paths: [/etc]}", "what: {databases: [{postgresql: oa}]}")
    dump = dump.replace("hosts: web", "hosts: db")
    secured = runbook("rm -rf /srv/oa", "  destructive: true\n  approval: lead\n  restore_point: daily\n")
    (message,) = messages("OP241", APPROVAL + "for: [destructive]\n", dump, secured)
    assert all(name in message for name in ("daily", "db1"))


def test_an_approval_that_nobody_can_give_follows_from_a_team_that_is_too_small() -> None:
    def causes(least: int) -> list[str]:
        team = f"kind: team\nname: leads\nheadcount: {{min: {least}}}\n"
        tree_ = tree(team, "kind: approval\nname: lead\nneeds: {role: leads, count: 2}\nfor: [weakening]\n")
        found = analyse(RuleContext(resolve(tree_), DAY), [RULES["OP305"], RULES["OP250"]])
        return [cause.code for finding in found if finding.code == "OP250" for cause in finding.caused_by]

    assert causes(2) == ["OP305"]
    assert causes(1) == [], "the team may be as large as promised, and the approval still cannot be given"
