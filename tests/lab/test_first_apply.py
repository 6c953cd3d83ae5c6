"""The first apply on a host in use: nothing of its own is lost, and the plan says what is taken over."""

import pytest
from contracts import small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

BEFORE = """\
set -e
useradd --create-home --shell /bin/bash --uid 2044 anna-li
echo 'anna-li:a password of hers' | chpasswd
install -d -o anna-li -m 0700 /home/anna-li/.ssh
echo "$KEY" >/home/anna-li/.ssh/authorized_keys
chown anna-li /home/anna-li/.ssh/authorized_keys
echo hers >/home/anna-li/notes
useradd --create-home --shell /bin/bash carl
export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq -y install nginx >/dev/null
mkdir -p /etc/cron.d; printf '*/5 * * * * root /usr/local/bin/own-job\\n' >/etc/cron.d/own-job
mkdir -p /srv/own && echo own >/srv/own/data
echo 'by hand' >/etc/own.conf; chown carl:carl /etc/own.conf; chmod 0640 /etc/own.conf
rm -f /etc/nginx/sites-enabled/default
printf 'server { listen 8081; location / { return 200 "own site"; } }\\n' >/etc/nginx/sites-available/own
ln -s ../sites-available/own /etc/nginx/sites-enabled/own
systemctl enable --now nginx.service postgresql@15-main.service
systemctl reload nginx.service
su - postgres -c "createdb own && psql -q own -c 'create table kept as select generate_series(1, 7) as n'"
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi anna-li at home"
STATE = """\
getent passwd anna-li carl; getent shadow anna-li | cut -d: -f2; id -Gn carl
cat /home/anna-li/notes /home/anna-li/.ssh/authorized_keys /etc/cron.d/own-job /srv/own/data
cat /etc/nginx/sites-available/own; readlink /etc/nginx/sites-enabled/own
su - postgres -c "psql -Atc 'select sum(n) from kept' own"
systemctl show --property=MainPID --value postgresql@15-main.service
python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8081/").read())'
"""
POLICIES = """\
kind: service
name: web
hosts: app1
owner: crew
packages: [nginx]
directories: [{path: /srv/own}]
files:
  - {path: /etc/nginx/conf.d/web.conf, content: "server_tokens off;\\n"}
  - {path: /etc/own.conf, content: "ours\\n"}
units: [nginx.service]
---
kind: person
name: anna-li
text: {zh: 安, en: Anna Li}
teams: [crew]
from: 2026-01-01
channels: {email: anna-li@example.com}
keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li]
---
kind: access
name: crew
hosts: app1
people: {team: crew}
keys: additional
"""


def test_nothing_of_its_own_is_lost_and_the_plan_says_what_is_taken_over(
    healthy_lab: Lab, fresh_host: FreshHost
) -> None:
    fresh_host("app1")
    assert healthy_lab.root("app1", f"KEY='{KEY}'; {BEFORE}").rc == 0
    before = healthy_lab.root("app1", STATE).out
    assert "own site" in before
    with small(healthy_lab, "first", POLICIES) as contract:
        planned = contract.run("plan", "--live", "--format", "json").of_host("app1")

        assert planned["adopted"] == [
            *("package nginx", "account anna-li", "directory /srv/own", "file /etc/own.conf", "unit nginx.service")
        ]
        assert [change["step"] for change in planned["add"]] == ["file /etc/nginx/conf.d/web.conf"]
        assert [change["step"].split()[0] for change in planned["change"]] == ["file", "authorized-keys"]
        assert "exists already" in contract.run("plan", "--live").out
        assert "/etc/own.conf existed: the former content is kept" in contract.good("apply", "--yes").out
        contract.good("verify")
        kept = "cd /var/lib/opspact/former-files && stat -c '%a %U' . etc/own.conf && cat etc/own.conf"
        assert healthy_lab.root("app1", kept).out == "700 root\n640 carl\nby hand\n"

        after = healthy_lab.root("app1", STATE).out
        keys = after.splitlines().index(KEY) + 1
        assert after.splitlines()[:keys] + after.splitlines()[keys + 1 :] == before.splitlines()  # a key more, of ours
        for name in ("web", "crew"):
            contract.drop("policies/all.yaml", name)
        contract.commit()
        contract.good("apply", "--yes")
        assert healthy_lab.root("app1", STATE).out == before  # and all of it stays when the policies go
