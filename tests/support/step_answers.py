"""Steps, and what Debian 12's own programs answer when a host matches them or does not (recorded outputs)."""

import json

from all_steps import REPOSITORY
from looked_at import Said

from opspact.steps.account import Account
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.other_access import OtherAccess
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit
from opspact.values.secret import SecretReference

STRANGERS = [
    {"kind": "account", "name": "toor", "words": "account toor has user id 0, as root has"},
    {"kind": "key", "name": "root SHA256:x", "words": "key SHA256:x (eve) logs in to root: /root/.ssh/authorized_keys"},
    {"kind": "line", "name": "/root/.ssh/authorized_keys", "words": "a line that is not recognised as a key, for root"},
    {"kind": "link", "name": "/home/a/.ssh", "words": "keys that log in to a are behind a symbolic link: /home/a/.ssh"},
    {"kind": "rule", "name": "eve ALL=(ALL) ALL", "words": 'rule in /etc/sudoers.d/eve: "eve ALL=(ALL) ALL"'},
    {"kind": "rule", "name": "", "words": "3 more like that"},
    {"kind": "member", "name": "eve in sudo", "words": "account eve is a member of sudo"},
]
MOTD = Content.of("under contract\n")
FILE = File(path="/etc/motd", content=MOTD)
DIRECTORY = Directory(path="/srv/oa", owner="www-data", mode="0750")
LINK = Link(path="/etc/oa", target="/srv/oa")
BORG = SecretReference("vault", "borg")
SECRET_FILE = SecretFile(path="/etc/opspact/p", secret=BORG)
ACCOUNT = Account(name="li-na", home="/home/li-na")
ENDS = Account(name="li-na", home="/home/li-na", expires=30000)
CLOSED = ClosedAccount(name="li-na")
MEMBERSHIP = Membership(account="li-na", group="adm")
NGINX = Unit(name="nginx.service", watches=("/etc/nginx/nginx.conf",))
TIMER = Unit(name="opspact-inspection-daily.timer")
STOPPED = Unit(name="telnet.socket", enabled=False, running=False)
HTTP = HttpAnswer(url="http://localhost/", contains="OA", within=2)
PORT = PortAnswer(port=80)
PACKAGE = Package(name="nginx")
INSTALLED = Said("install ok installed\n")
NOT_KNOWN = Said(rc=1, stderr="dpkg-query: no packages found matching nginx\n")
MISSING = Said(rc=8)


def found(about: str, holds: str = "") -> Said:
    return Said(f"{about}\n" + (f"{holds}\n" if holds else ""))


def file_of(text: str, *, about: str = "regular file/root/root/644") -> Said:
    return found(about, f"{Content.of(text).digest}")


def account(
    *,
    home: str = "/home/li-na",
    shell: str = "/bin/bash",
    ended: str = "",
    home_state: str = "directory/li-na\n",
    ids: str = "1001 1000 1 1",
) -> Said:
    """Answer on the 20,781st day after 1970-01-01. `ids`: uid, the first of people, is it local, has it a shell."""
    uid, _, more = ids.partition(" ")
    shadow = f"li-na:!:20000:0:99999:7::{ended}:"
    return Said(f"li-na:x:{uid}:1001:Li Na:{home}:{shell}\n{shadow}\n1795478400\n{more}\n{home_state}")


def systemd(
    *,
    load: str = "loaded",
    active: str = "active/running",
    enabled: str = "enabled",
    reload: str = "no",
    unread: str = "",
) -> str:
    active, _, sub = active.partition("/")
    return (
        f"LoadState={load}\nActiveState={active}\nSubState={sub}\nUnitFileState={enabled}\nNeedDaemonReload={reload}\n"
        "InvocationID=0f6a\nInactiveExitTimestamp=@1795478400\nTimeoutStartUSec=1min 30s\nResult={sub}\n"
        f"{unread}end\n"
    )


def stamp(at: str, *, last: str = "") -> str:
    """Return what is said of a timer that catches up, on 2026-11-24."""
    return f"Persistent=yes\nLastTriggerUSec={last}\nStamp={at}\nClock=1795478400\n"


def answer(**seen: object) -> Said:
    return Said(json.dumps({"status": 200, "found": True, "seconds": 0.01} | seen) + "\n")


DIFFERENT: tuple[tuple[Step, Said], ...] = (
    (FILE, MISSING),
    (FILE, found("directory/root/root/755")),
    (FILE, found("fifo/root/root/644")),
    (FILE, file_of("by hand\n")),
    (FILE, file_of("under contract\n", about="regular file/daemon/adm/4755")),
    (DIRECTORY, MISSING),
    (DIRECTORY, file_of("")),
    (DIRECTORY, found("directory/root/root/755")),
    (LINK, MISSING),
    (LINK, file_of("x")),
    (LINK, found("symbolic link/root/root/777", "/srv/old")),
    (ACCOUNT, Said(rc=2)),
    (MEMBERSHIP, Said("li-na users\n")),
    (MEMBERSHIP, Said(rc=1, stderr="id: \u2018li-na\u2019: no such user\n")),
    (ACCOUNT, account(shell="/bin/sh")),
    (ACCOUNT, account(home="/srv/li-na", shell="/bin/sh")),
    (ACCOUNT, account(ids="33 1000 1 1", shell="/usr/sbin/nologin")),
    (ACCOUNT, account(ids="600 500 0 1", shell="/bin/sh")),
    (CLOSED, Said('{"exists": true, "refused": "", "open": ["it is not expired", "it is in group sudo"]}')),
    (CLOSED, Said('{"exists": true, "refused": "is a system account (uid 0)", "open": []}')),
    (ACCOUNT, account(ids="1001 1000 1 0")),
    (ACCOUNT, account(ended="20000")),
    (ACCOUNT, account(ended="30000")),
    (ENDS, account()),
    (ENDS, account(ended="30001")),
    (ACCOUNT, account(home_state="")),
    (ACCOUNT, account(home_state="regular file/li-na\n")),
    (ACCOUNT, account(home_state="directory/UNKNOWN\n")),
    (NGINX, Said(systemd(active="failed/start-limit-hit"))),
    (NGINX, Said(systemd(active="inactive", enabled=""))),
    (NGINX, Said(systemd(enabled="disabled"))),
    (NGINX, Said(systemd(load="masked", enabled="masked"))),
    (NGINX, Said(systemd(load="not-found", active="inactive", enabled=""))),
    (NGINX, Said(systemd(load="bad-setting", active="inactive"))),
    (NGINX, Said(systemd(reload="yes"))),
    (NGINX, Said(systemd(unread="restart\t/etc/nginx/nginx.conf\n"))),
    (NGINX, Said(systemd(unread="restart\t/etc/nginx/nginx.conf\nreload\t/etc/nginx/a\nreload\t/etc/nginx/b\n"))),
    (TIMER, Said(systemd(unread=stamp("")))),
    (TIMER, Said(systemd(unread=stamp("1795578400")))),
    (TIMER, Said(systemd(unread=stamp("9", last="Mon 2026-11-23 21:40:00 UTC")))),
    (NGINX, Said(systemd(active="activating/start"))),
    (NGINX, Said(systemd(active="activating/auto-restart"))),
    (STOPPED, Said(systemd())),
    (PACKAGE, NOT_KNOWN),
    (PACKAGE, Said("deinstall ok config-files\n")),
    (HTTP, answer(status=502)),
    (HTTP, answer(found=False)),
    (HTTP, answer(seconds=2.51)),
    (HTTP, Said('{"error": "ConnectionRefusedError: refused", "seconds": 0.1}')),
    (PORT, Said("")),
    (OtherAccess(), Said(json.dumps({"found": STRANGERS, "unknown": ["/home/x/.ssh/authorized_keys cannot be read"]}))),
    (REPOSITORY, Said(rc=2, stderr="Remote: Host key verification failed.\nConnection closed by remote host.")),
    (SECRET_FILE, found("directory/root/root/755")),
    (SECRET_FILE, file_of("other", about="regular file/root/root/600")),
    (
        REPOSITORY,
        Said(
            rc=2,
            stderr="passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND is incorrect.",
        ),
    ),
)
"""Steps, and an answer of a host that does not match them."""
