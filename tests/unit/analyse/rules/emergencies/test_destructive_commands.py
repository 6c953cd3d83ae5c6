"""Which commands of a runbook's steps destroy something, and have to say so."""

import pytest
from analysing import messages
from runbook_texts import runbook


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
    assert messages("OP242", runbook(command, ", destructive: true")) == []


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
