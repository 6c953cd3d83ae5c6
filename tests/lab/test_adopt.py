"""Policies for hosts that people set up by hand, of both releases: what is written is so on the hosts.

app2 is of Debian 12, app1 is of 13.
"""

from collections.abc import Iterator

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2")
CANARY = "c4nary-7f3b9e"
LI = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 li@desk"
WANG = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi wang"
CLAUSE = """\
kind: clause
name: A9
section: "1"
text: {zh: 账号, en: Accounts}
kept_by: person
evidence_within: 2 days
"""
PEOPLE = f"""\
set -e
useradd --create-home --shell /bin/bash --comment 'Li Si,Room 4,,' --groups adm li.si 2>/dev/null ||
  useradd --create-home --shell /bin/bash --comment 'Li Si,Room 4,,' --groups adm --badname li.si
for who in li_na wang; do
  useradd --create-home --shell /bin/bash --comment "$who,,," "$who"
  install -d -m 0700 -o "$who" -g "$who" "/home/$who/.ssh"
done
usermod --append --groups adm,sudo li_na
echo 'wang:{CANARY}' | chpasswd
echo '{LI}' >/home/li_na/.ssh/authorized_keys
echo 'command="/usr/bin/true {CANARY}" {WANG}' >/home/wang/.ssh/authorized_keys
useradd --create-home --home-dir /srv/zhao --shell /bin/bash --comment 'Zhao Liu,,,' zhao
useradd --create-home --shell /bin/bash --comment 'Qian Qi,,,' qian
install -d -m 0755 -o qian -g qian /home/qian/.ssh
for who in li_na wang; do
  chmod 0600 "/home/$who/.ssh/authorized_keys"
  chown "$who:" "/home/$who/.ssh/authorized_keys"
done
echo 'li_na ALL=(ALL) NOPASSWD: /usr/bin/systemctl restart nginx' >/etc/sudoers.d/restart
mkdir -p /etc/cron.d /var/spool/cron/crontabs
printf '# m h dom mon dow user command\\nMAILTO=root\\n' >/etc/cron.d/dump
echo '15 3 * * * root PASSWORD={CANARY} /usr/local/bin/dump -p{CANARY}' >>/etc/cron.d/dump
echo '@daily /home/wang/rotate.sh {CANARY}' >/var/spool/cron/crontabs/wang
"""
GONE = """\
for who in li.si li_na wang zhao qian; do userdel --force --remove "$who" 2>/dev/null; done
rm -f /etc/sudoers.d/restart /etc/cron.d/dump /var/spool/cron/crontabs/wang
"""


@pytest.fixture(scope="module")
def hosts(two_releases: Lab) -> Iterator[Lab]:
    """Both hosts, as people set them up."""
    try:
        for host in HOSTS:
            done = two_releases.root(host, PEOPLE)
            assert done.rc == 0, done.err
        yield two_releases
    finally:
        for host in HOSTS:
            two_releases.root(host, GONE)


def written(contract: Contract) -> dict[str, str]:
    """What was written: by path, the text."""
    folders = (contract.folder / "policies" / "adopted", contract.folder / "files")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(contract.folder)): path.read_text("utf-8") for path in files}


def test_what_is_adopted_is_so_on_the_hosts_and_nothing_secret_is_written(hosts: Lab) -> None:
    with small(hosts, "adopted", CLAUSE) as contract:
        before = {
            host: hosts.root(host, "cat /etc/passwd /etc/shadow /etc/group; ls -la /etc /home").out for host in HOSTS
        }
        elsewhere = contract.run("adopt", "web", "--out", str(contract.home / "elsewhere"))
        assert (elsewhere.code, CANARY in elsewhere.out, written(contract)) == (1, False, {})
        said = contract.run("adopt", "web", "--clause", "A9", "--format", "json")
        assert (said.code, said.err) == (1, "")  # jobs of cron are left to people
        files = written(contract)
        assert sorted(files) == ["policies/adopted/access.yaml", "policies/adopted/people.yaml"]
        assert not any(CANARY in text for text in (*files.values(), said.out))
        people = files["policies/adopted/people.yaml"]
        assert ("name: li-na" in people, "account: li_na" in people, LI in people) == (True, True, True)
        assert "wang" not in people
        access = files["policies/adopted/access.yaml"]
        assert "wang SHA256:" in access
        assert "li_na ALL=(ALL) NOPASSWD: /usr/bin/systemctl restart nginx" in access
        jobs = {(it["host"], it["path"], it["line"], it["schedule"], it["program"]) for it in said.json["to_move"]}
        assert jobs == {
            found
            for host in HOSTS
            for found in (
                (host, "/etc/cron.d/dump", 3, "15 3 * * *", "/usr/local/bin/dump"),
                (host, "/var/spool/cron/crontabs/wang", 1, "@daily", "/home/wang/rotate.sh"),
            )
        }
        missed = {(it["what"], it["host"]) for it in said.json["not_adopted"]}
        assert missed == {
            (f"account {who} as a person", host) for who in ("li.si", "qian", "wang", "zhao") for host in HOSTS
        }

        assert said.json["findings"] == []

        contract.commit()
        verified = contract.good("verify", "--format", "json").json["summary"]
        assert verified["planned"] == verified["ok"] == said.json["checked"] > 5
        applied = contract.good("apply", "--yes", "--format", "json").json
        assert (applied["converged"], applied["ansible_started"]) == (True, False)
        after = {
            host: hosts.root(host, "cat /etc/passwd /etc/shadow /etc/group; ls -la /etc /home").out for host in HOSTS
        }
        assert after == before

        again = contract.run("adopt", "web", "--format", "json")
        assert (again.code, again.json["policies"], again.json["files"], again.json["not_adopted"]) == (1, [], [], [])
        assert written(contract) == files
