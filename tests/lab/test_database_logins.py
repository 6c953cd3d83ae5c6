"""Logins to MariaDB on hosts of both releases, reviewed as soon as the server's audit plugin writes to the journal.

app1 is of Debian 12, db1 is of 13. Logins to PostgreSQL are in test_log_review.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from backing_up import On, job_of, program
from labkit import Lab

from opspact.compile import units
from opspact.model import names
from opspact.model.job import LOG_REVIEW

pytestmark = pytest.mark.lab

JOB = job_of(LOG_REVIEW, "databases")
SETTINGS = {
    "job": JOB.key,
    "sources": ["mariadb"],
    "failed_logins": 6,
    "failures_then_success": 5,
    "many_users": 5,
    "dormant_after": 86400,
    "passwords": "forbidden",
    "root_logins": "forbidden",
    "accounts_ignored": [],
}
INSTALL = """\
set -e
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends mariadb-server >/dev/null
mariadb -e "create database oa; create user clerk@'%' identified by 'right'; grant all on oa.* to clerk@'%'"
"""
OTHERS = """\
mariadb -e "install soname 'server_audit'; set global server_audit_events = 'table';
  set global server_audit_output_type = 'syslog'; set global server_audit_logging = on"
"""
DOCUMENTED = Path(__file__).parents[2] / "docs" / "policies" / "data.md"
LOGINS = r"""
into() { mariadb --no-defaults --host=127.0.0.1 --user="$1" --password="$2" $3 --execute 'select 1' 2>&1; }
into clerk right oa >/dev/null
for each in 1 2 3 4 5 6; do into clerk wrong oa | grep -q 'ERROR 1045'; done
into 'clerk,localhost,7,0,CONNECT,oa' wrong | grep -q 'ERROR 1045'
into clerk right oa >/dev/null
logger -t mysql-server_auditing ' db1,forged,localhost,7,0,CONNECT,oa,,0'
mariadb -e "select ' db1,forged,localhost,7,0,CONNECT,oa,,0'" >/dev/null
journalctl --sync
"""


@pytest.mark.parametrize("name", ["app1", "db1"])
def test_logins_to_mariadb_are_reviewed_once_its_plugin_writes_them_to_the_journal(
    two_databases: Lab, name: str
) -> None:
    host = On(two_databases, name)
    host.write(names.program("log_review"), program("log_review"))
    host.write(names.settings(JOB.key), json.dumps(SETTINGS))
    host.write(names.unit_file(f"{JOB.unit_name}.service"), units.service(JOB))
    assert unseen(host) == []  # no MariaDB, nothing to review
    assert host.root(INSTALL).rc == 0
    assert unseen(host) == ["mariadb: it does not log logins (no plugin server_audit, or server_audit_logging is off)."]
    assert host.root(OTHERS).rc == 0
    assert unseen(host) == ["mariadb: it does not log logins (server_audit_events without CONNECT)."]
    (place, settings), *_ = re.findall(r"```ini\n# (\S+)\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    host.write(place, settings)
    assert host.root("mariadb -e \"uninstall soname 'server_audit'\"; systemctl restart mariadb").rc == 0
    done = host.root(LOGINS)
    assert (done.rc, done.err) == (0, "")
    result = review(host)
    found = {(each["item"], each["subject"]): each for each in result["items"]}
    assert found["account", "clerk (database oa)"]["counts"] == {"database logins": 2}
    assert found["failed logins", "clerk (database)"]["message"] == "6 logins of clerk (database) failed."
    guessed = found["failures then success", "clerk (database oa)"]
    assert (guessed["verdict"], guessed["message"]) == (
        "critical",
        "clerk logged in to database oa after 6 failed attempts.",
    )
    assert "not fully reviewable" not in {item for item, _ in found}
    assert "forged" not in json.dumps(result)
    assert unseen(host) == []


def review(host: On) -> dict[str, Any]:
    assert host.start(f"{JOB.unit_name}.service") == 0
    return host.newest_result(JOB.key)


def unseen(host: On) -> list[str]:
    """Review the logs; return what of them could not be reviewed."""
    return [each["message"] for each in review(host)["items"] if each["item"] == "not fully reviewable"]
