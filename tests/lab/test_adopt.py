"""Policies for hosts that people set up by hand, of both releases: what is written is so on the hosts.

app2 is of Debian 12, app1 is of 13.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
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
SERVICES = f"""\
set -e
cat >/etc/systemd/system/tidy.service <<'END'
[Service]
Type=oneshot
ExecStart=/usr/local/bin/tidy --all
END
cat >/etc/systemd/system/tidy.timer <<'END'
[Timer]
OnCalendar=*-*-* 04:10:00
[Install]
WantedBy=timers.target
END
printf '#!/bin/sh\\nexit 0\\n' >/usr/local/bin/tidy
chmod 0755 /usr/local/bin/tidy
systemctl daemon-reload
systemctl enable --now tidy.timer
export DEBIAN_FRONTEND=noninteractive
apt-get -q update >/dev/null
apt-get -qy install nginx >/dev/null
mkdir -p /etc/nginx/conf.d /etc/sysctl.d
echo 'map_hash_bucket_size 128;' >/etc/nginx/conf.d/oa.conf
echo 'proxy_set_header X-Token "token={CANARY}";' >/etc/nginx/conf.d/token.conf
echo 'vm.swappiness = 10' >/etc/sysctl.d/90-oa.conf
echo '# by hand' >>/etc/nginx/nginx.conf
systemctl enable nginx.service
systemctl restart nginx.service
echo {CANARY} >/etc/nginx/conf.d/key.conf.off
chmod 0600 /etc/nginx/conf.d/key.conf.off
"""
BORGMATIC = {
    "app1": f"""\
source_directories: [/etc, /srv]
repositories: [{{path: "ssh://borg@backup1/./daily"}}]
encryption_passphrase: {CANARY}
keep_daily: 7
""",
    "app2": f"""\
location:
    source_directories: [/etc, /srv]
    repositories: ["ssh://borg@backup1/./daily"]
storage: {{encryption_passphrase: {CANARY}}}
retention: {{keep_daily: 7}}
""",
}
"""What borgmatic of each release reads."""
LOOK = "cat /etc/passwd /etc/shadow /etc/group; ls -laR /etc /home /usr/local; systemctl list-unit-files --no-pager"


@pytest.fixture(scope="module")
def hosts(two_releases: Lab) -> Lab:
    """Both hosts, as people set them up."""
    for host in HOSTS:
        place = "install -d /etc/borgmatic; umask 077; cat >/etc/borgmatic/config.yaml <<'END'"
        borgmatic = f"{place}\n{BORGMATIC[host]}END\nsystemctl enable --now borgmatic.timer\n"
        done = two_releases.root(host, PEOPLE + SERVICES + borgmatic)
        assert done.rc == 0, done.err
    return two_releases


def written(contract: Contract) -> dict[str, str]:
    """What was written: by path, the text."""
    folders = [contract.folder / path for path in ("policies/adopted", "files", "proposed")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(contract.folder)): path.read_text("utf-8") for path in files}


def looked(hosts: Lab) -> dict[str, str]:
    return {host: hosts.root(host, LOOK).out for host in HOSTS}


class Adopted:
    """A contract whose policies are what `adopt` wrote: its answer, the files, the hosts before."""

    def __init__(self, hosts: Lab, contract: Contract) -> None:
        self.hosts, self.contract = hosts, contract
        self.before = looked(hosts)
        elsewhere = contract.run("adopt", "web", "--out", str(contract.home / "elsewhere"))
        assert (elsewhere.code, CANARY in elsewhere.out, written(contract)) == (1, False, {})
        self.said = contract.run("adopt", "web", "--clause", "A9", "--format", "json")
        assert (self.said.code, self.said.err) == (1, "")  # something is left to people
        self.files = written(contract)
        contract.commit()

    def policies(self, file: str) -> dict[str, Any]:
        return {each["name"]: each for each in yaml.safe_load_all(self.files[f"policies/adopted/{file}.yaml"])}


@pytest.fixture(scope="module")
def adopted(hosts: Lab) -> Iterator[Adopted]:
    with small(hosts, "adopted", CLAUSE) as contract:
        yield Adopted(hosts, contract)


def test_accounts_become_people_and_all_else_that_gives_access_is_listed(adopted: Adopted) -> None:
    li = adopted.policies("people")["li-na"]
    assert (li["account"], li["keys"], li["clauses"]) == ("li_na", [LI], ["A9"])
    access = adopted.policies("access")
    assert access["adopted-people-web"]["people"] == {"person": ["li-na"]}
    assert access["adopted-people-web"]["groups"] == ["adm"]
    others = access["adopted-others-web"]["others"]
    assert {"li.si", "qian", "wang", "zhao"} == set(others["accounts"])
    assert any(key.startswith("wang SHA256:") for key in others["keys"])
    assert "li_na ALL=(ALL) NOPASSWD: /usr/bin/systemctl restart nginx" in others["sudo"]
    assert "li_na in sudo" in others["members"]


def test_services_are_packages_units_and_the_files_that_differ(adopted: Adopted) -> None:
    services = adopted.policies("services")
    paths = {name: {each["path"] for each in it.get("files", ())} for name, it in services.items()}
    assert (services["nginx"]["packages"], services["nginx"]["units"]) == (["nginx"], ["nginx.service"])
    assert (services["tidy"]["units"], services["tidy"]["hosts"]) == (["tidy.timer"], "web")
    assert paths["tidy"] == {f"/etc/systemd/system/tidy.{it}" for it in ("service", "timer")} | {"/usr/local/bin/tidy"}
    assert adopted.files["files/adopted/nginx/etc/nginx/conf.d/oa.conf"] == "map_hash_bucket_size 128;\n"
    assert "/etc/nginx/nginx.conf" in paths["nginx-app1"] & paths["nginx-app2"]  # each release has its own
    assert "/etc/sysctl.d/90-oa.conf" in paths["adopted-settings"]


def test_borgmatic_of_both_releases_is_one_policy_to_complete(adopted: Adopted) -> None:
    policy = yaml.safe_load(adopted.files["proposed/backups.yaml"])
    assert policy == {
        "kind": "backup",
        "name": "daily-web",
        "clauses": ["A9"],
        "hosts": "web",
        "what": {"paths": ["/etc", "/srv"]},
        "schedule": "daily at 00:00",
        "to": {"host": "backup1", "repository": "daily"},
        "keep": {"daily": 7},
        "passphrase": "secret:vault:daily",
    }


def test_what_is_left_to_people_is_named_and_nothing_secret_is_written(adopted: Adopted) -> None:
    assert not any(CANARY in text for text in (*adopted.files.values(), adopted.said.out))
    said = adopted.said.json
    jobs = {(it["host"], it["path"], it["line"], it["schedule"], it["program"]) for it in said["to_move"]}
    assert jobs == {
        found
        for host in HOSTS
        for found in (
            (host, "/etc/cron.d/dump", 3, "15 3 * * *", "/usr/local/bin/dump"),
            (host, "/var/spool/cron/crontabs/wang", 1, "@daily", "/home/wang/rotate.sh"),
        )
    }
    missed = {(it["what"], it["host"]) for it in said["not_adopted"]}
    named = {f"account {who} as a person" for who in ("li.si", "qian", "wang", "zhao")}
    named |= {f"file /etc/nginx/conf.d/{name}" for name in ("token.conf", "key.conf.off")}
    assert missed >= {(what, host) for what in named for host in HOSTS}
    # Services have no checks of normal operation, one of them has an owner alone, and postgresql.service says nothing.
    assert {each["code"] for each in said["findings"]} <= {"OP225", "OP236", "OP414"}


def test_verify_finds_all_of_it_ok_and_apply_has_nothing_to_change(adopted: Adopted) -> None:
    contract = adopted.contract
    verified = contract.good("verify", "--format", "json").json["summary"]
    assert verified["planned"] == verified["ok"] == adopted.said.json["checked"] > 40
    applied = contract.good("apply", "--yes", "--format", "json").json
    assert (applied["converged"], applied["ansible_started"]) == (True, False)
    assert looked(adopted.hosts) == adopted.before

    again = contract.run("adopt", "web", "--format", "json")
    assert (again.code, again.json["policies"], again.json["files"]) == (1, [], [])
    assert written(contract) == adopted.files
