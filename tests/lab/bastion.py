"""A customer's bastion on a lab host: an OpenSSH server of its own that passes one command on to the asset it is named.

Comes in: a lab. Goes out: how hosts are reached through it. Who logs in is `li@ops@app1` or `li#ops#12`: a person, the
account on the asset, the asset. There is no forwarding and no sftp, one session a connection, and what is passed on is
written down. Three doors differ in how they let people in: by key, by password, by what PAM asks for. A fourth is a
jump host, which takes passwords in both ways.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit import Lab

HOST = "backup1"
PORTS: Mapping[str, int] = {"key": 2222, "password": 2223, "pam": 2224, "jump": 2225}
ASSETS: Mapping[str, str] = {"app1": "li@ops@app1", "app2": "li#ops#12", "db1": "li@root@db1"}
"""The hosts behind it, and the user that leads to each."""

_CONFIG = """\
{ports}HostKey /etc/ssh/ssh_host_ed25519_key
PidFile none
UseDNS no
UsePAM yes
MaxStartups 10:30:60
MaxSessions 1
DisableForwarding yes
PrintMotd no
StrictModes no
AuthorizedKeysFile /etc/bastion/authorized_keys
ForceCommand /etc/bastion/pass-on
PasswordAuthentication no
KbdInteractiveAuthentication no
Match LocalPort {password}
  PubkeyAuthentication no
  PasswordAuthentication yes
Match LocalPort {pam}
  PubkeyAuthentication no
  KbdInteractiveAuthentication yes
Match LocalPort {jump}
  PubkeyAuthentication no
  PasswordAuthentication yes
  KbdInteractiveAuthentication yes
  DisableForwarding no
  ForceCommand none
"""
_PASS_ON = """\
#!/bin/sh
# USER is PERSON@ACCOUNT@ASSET or PERSON#ACCOUNT#NUMBER
rest=${USER#*[@#]}
account=${rest%[@#]*}
case ${rest##*[@#]} in
CASES*) echo "no such asset: $USER"; exit 1 ;;
esac
if [ -z "$SSH_ORIGINAL_COMMAND" ] || [ -e /etc/bastion/menu ]; then
  printf 'Welcome to the bastion\\r\\n\\r\\n  1) assets  2) groups\\r\\nOpt> '
  exec cat >/dev/null
fi
if [ -e /etc/bastion/refuse ]; then echo 'command not permitted by policy 17' >&2; exit 126; fi
echo "$USER $SSH_CONNECTION" >>/var/log/bastion
[ ! -e /etc/bastion/idle ] || { sleep 3; kill -HUP "$PPID"; } &
exec ssh -T -F /etc/bastion/ssh_config -l "$account" -- "$address" "$SSH_ORIGINAL_COMMAND"
"""
_SSH_CONFIG = """\
Host *
  IdentityFile /etc/bastion/key
  UserKnownHostsFile /etc/bastion/known_hosts
  BatchMode yes
  LogLevel ERROR
"""
_REMOVAL = (
    "systemctl stop lab-bastion 2>/dev/null; rm -rf /etc/bastion /var/log/bastion /etc/ssh/bastion_config; "
    "sed -i '/^li[@#]/d' /etc/passwd /etc/shadow"
)


@dataclass(frozen=True)
class Bastion:
    """A running bastion of a lab."""

    lab: Lab
    known_hosts: Path

    def variables(self, host: str, door: str = "key") -> dict[str, object]:
        """Return the inventory variables by which a host is reached through it."""
        return {
            "ansible_host": self.lab.address(HOST),
            "ansible_port": PORTS[door],
            "ansible_user": ASSETS[host],
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts} -o GlobalKnownHostsFile=/dev/null",
        }

    def passed_on(self) -> list[str]:
        """Return whom it has passed commands on for so far, one entry a command."""
        return self.lab.root(HOST, "cut -d' ' -f1 /var/log/bastion").out.split()

    def behind_jump(self, host: str) -> dict[str, object]:
        """Return the inventory variables by which a host is reached by key, through the jump host."""
        known = f"-o UserKnownHostsFile={self.known_hosts} -o GlobalKnownHostsFile=/dev/null"
        proxy = f"ssh {known} -p {PORTS['jump']} -l {ASSETS[host]} -W %h:%p {self.lab.address(HOST)}"
        return {
            "ansible_host": self.lab.address(host),
            "ansible_user": "ops",
            "ansible_ssh_private_key_file": str(self.lab.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.lab.known_hosts} -o 'ProxyCommand={proxy}'",
        }

    def refused(self) -> int:
        """Return how many passwords it has refused so far."""
        return int(self.lab.root(HOST, "journalctl -q -u lab-bastion -o cat | grep -c ' authentication failure;'").out)

    def admit(self) -> None:
        """Have the assets let it in."""
        key = _root(self.lab, HOST, "cat /etc/bastion/key.pub").strip()
        for name in ASSETS:
            for home in ("/home/ops", "/root"):
                add = f"mkdir -p -m 0700 {home}/.ssh && echo '{key}' >>{home}/.ssh/authorized_keys"
                _root(self.lab, name, add)

    def set_password(self, password: str) -> None:
        """Give everybody who logs in this password."""
        lines = "".join(f"{user}:{password}\n" for user in ASSETS.values())
        _root(self.lab, HOST, f"chpasswd <<'.'\n{lines}.")

    def behave(self, manner: str) -> None:
        """Have it show a `menu`, `refuse` commands, or end sessions that are `idle`; empty: as it should be."""
        self.lab.root(HOST, "rm -f /etc/bastion/menu /etc/bastion/refuse /etc/bastion/idle")
        if manner:
            self.lab.root(HOST, f"touch /etc/bastion/{manner}")


@contextmanager
def bastion(lab: Lab, known_hosts: Path) -> Iterator[Bastion]:
    """Yield a bastion in front of the lab's hosts; its host key is written to the file `known_hosts`."""
    _set_up(lab)
    address = lab.address(HOST)
    key = lab.root(HOST, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub").out
    known_hosts.write_text("".join(f"[{address}]:{port} {key}" for port in PORTS.values()), encoding="utf-8")
    running = Bastion(lab, known_hosts)
    running.admit()
    try:
        yield running
    finally:
        lab.root(HOST, _REMOVAL)
        for name in ASSETS:
            lab.root(name, "sed -i / bastion$/d /home/ops/.ssh/authorized_keys /root/.ssh/authorized_keys")


def _set_up(lab: Lab) -> None:
    lab.root(HOST, _REMOVAL)
    config = _CONFIG.format(ports="".join(f"Port {port}\n" for port in PORTS.values()), **PORTS)
    numbers = {name: user.rpartition("@")[2].rpartition("#")[2] for name, user in ASSETS.items()}
    cases = "".join(f"{number}) address={lab.address(name)} ;;\n" for name, number in numbers.items())
    _write(lab, "/etc/bastion/pass-on", _PASS_ON.replace("CASES", cases), mode="0755")
    _write(lab, "/etc/ssh/bastion_config", config)
    _write(lab, "/etc/bastion/ssh_config", _SSH_CONFIG)
    _write(lab, "/etc/bastion/known_hosts", lab.known_hosts.read_text())
    people = "".join(f"{user}:x:1000:1000::/home/ops:/bin/sh\n" for user in ASSETS.values())
    shadow = "".join(f"{user}:*:19000::::::\n" for user in ASSETS.values())
    _root(lab, HOST, f"cat >>/etc/passwd <<'.'\n{people}.\ncat >>/etc/shadow <<'.'\n{shadow}.")
    _root(lab, HOST, "cp /home/ops/.ssh/authorized_keys /etc/bastion/ && chmod 0644 /etc/bastion/authorized_keys")
    _root(lab, HOST, "ssh-keygen -q -t ed25519 -N '' -C bastion -f /etc/bastion/key && chown ops /etc/bastion/key")
    _root(lab, HOST, "install -m 0666 /dev/null /var/log/bastion && mkdir -p /run/sshd")
    _root(lab, HOST, "systemd-run -q --unit=lab-bastion /usr/sbin/sshd -D -e -f /etc/ssh/bastion_config")


def _write(lab: Lab, path: str, text: str, *, mode: str = "0644") -> None:
    _root(lab, HOST, f"mkdir -p /etc/bastion && cat >{path} <<'.'\n{text}.\nchmod {mode} {path}")


def _root(lab: Lab, host: str, command: str) -> str:
    done = lab.root(host, command)
    assert done.rc == 0, f"{host}: {command}: {done.err}"
    return done.out
