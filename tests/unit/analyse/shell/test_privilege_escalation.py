"""What a command gives away when it may be run as root."""

import pytest

from opspact.analyse.shell.privilege_escalation import describe_escalation

NARROW = [
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/systemctl daemon-reload",
    "/usr/bin/systemctl status --no-pager nginx.service",
    "/usr/bin/journalctl --no-pager --unit nginx.service",
    "/usr/bin/find /srv -name core",
    "/usr/bin/tar -cf /srv/oa.tar /srv/oa",
    "/usr/bin/apt-get update",
    "/usr/bin/crontab -l",
    "/usr/bin/psql -c SELECT",
    "/usr/bin/python3 /usr/local/lib/opspact/inspection.py",
    "/usr/bin/bash /usr/local/sbin/rotate",
    "/usr/bin/shasum",
    "/usr/bin/git --no-pager log",
    "/usr/sbin/reboot",
    "/usr/bin/cp /srv/oa/index.html /srv/oa/index.html.old",
    "/usr/bin/chmod 0644 /srv/oa/index.html",
    "/usr/bin/passwd li-na",
    "/usr/sbin/usermod -L li-na",
    "/usr/bin/apt-get install nginx",
]
WIDE = {
    "ALL": "everything",
    "/bin/bash": "any command",
    "/bin/sh -c id": "any command",
    "/usr/bin/python3": "any command",
    "/usr/bin/python3.11 -m http.server": "any command",
    "/usr/bin/perl /home/li-na/fix.pl": "others can write",
    "/home/li-na/bin/restart": "others can write",
    "/usr/bin/vim /etc/hosts": "editor",
    "/usr/sbin/visudo": "editor",
    "/usr/bin/less /var/log/syslog": "pager",
    "/usr/bin/journalctl": "--no-pager",
    "/usr/bin/systemctl": "--no-pager",
    "/usr/bin/systemctl status nginx": "--no-pager",
    "/usr/bin/systemctl edit nginx.service": "option",
    "/usr/bin/systemctl restart": "no unit",
    "/usr/bin/find /srv -exec id": "option",
    "/usr/bin/find /srv -name core -delete": "option",
    "/usr/bin/tar -cf /dev/null /dev/null --checkpoint-action=exec=sh": "option",
    "/usr/bin/env id": "other programs",
    "/usr/bin/psql": "shell",
    "/usr/bin/docker run image": "containers",
    "/usr/bin/git log": "--no-pager",
    "/usr/bin/crontab -e": "root access",
    "/usr/bin/crontab -u root /srv/x": "root access",
    "/usr/bin/chmod 4755 /bin/bash": "root access",
    "/usr/bin/chmod u+s /bin/bash": "root access",
    "/usr/bin/tee /etc/sudoers.d/x": "root access",
    "/usr/bin/cp /tmp/x /etc/sudoers": "root access",
    "/usr/bin/cat /etc/shadow": "root access",
    "/usr/bin/curl -o /etc/cron.d/x http://localhost/x": "root access",
    "/usr/sbin/usermod -aG sudo li-na": "root access",
    "/usr/bin/passwd": "root access",
    "/usr/bin/passwd root": "root access",
    "/usr/bin/tee": "any file",
    "/usr/bin/dd": "any file",
    "/usr/bin/dpkg -i /tmp/x.deb": "others can write",
    "/usr/bin/apt-get install /home/li-na/x.deb": "others can write",
}


@pytest.mark.parametrize("command", NARROW)
def test_a_command_that_does_one_thing_is_no_wider_than_it_says(command: str) -> None:
    assert describe_escalation(command) == ""


@pytest.mark.parametrize(("command", "why"), WIDE.items())
def test_a_command_that_allows_more_says_why(command: str, why: str) -> None:
    assert why in describe_escalation(command)
