"""What the base images of lab hosts are made of: one for each release of Debian.

In: a release. Out: package names, files and a script; their hash names its image. Read by `base`.
"""

import hashlib

RELEASES = ("bookworm", "trixie", "forky")
"""Debian 12, 13 and testing; the first is that of hosts for which none is named. No test needs testing: it is for a try
by hand."""

UNIFIED = frozenset({"forky"})
"""Releases whose systemd (262 in testing) boots only with control groups of version 2, whatever this machine has."""

PACKAGES = (
    "acl",  # lets Ansible become an account other than root
    "borgbackup",
    "borgmatic",
    "ca-certificates",
    "dbus",
    "iproute2",
    "iputils-ping",
    "needrestart",  # its hook runs after each installation: nothing may be restarted by it
    "openssh-server",
    "postgresql",  # off, except on hosts of group db
    "procps",
    "python3",
    "python3-apt",  # what Ansible's apt module speaks to
    "sudo",
    "systemd",
    "systemd-sysv",
    "tzdata",
    "util-linux",
)

# Not in the base: policies install them, from a folder on the host itself. borg and borgmatic are there to be put back.
SHELF = (
    *("nginx", "tree", "borgbackup", "borgmatic", "mariadb-server", "snmp", "snmpd", "smartmontools"),
    *("monitoring-plugins-basic", "monitoring-plugins-standard"),  # peers of inspections in the bench
)
SHELF_FOLDER = "/opt/debs"
RELEASE_SHELF = {"trixie": ("rust-coreutils", "sudo-rs"), "forky": ("openssh-client",)}
"""More on the shelf of a release: what `uutils` installs; ssh, which openssh-server of testing does not bring."""

FILES = {
    "/etc/apt/sources.list": f"deb [trusted=yes] file:{SHELF_FOLDER} ./\n",
    "/etc/default/locale": "LANG=C.UTF-8\n",
    "/etc/ssh/sshd_config.d/lab.conf": (
        "UseDNS no\nPasswordAuthentication no\nMaxStartups 200:30:400\nMaxSessions 100\nPrintMotd no\nPrintLastLog no\n"
    ),
    "/etc/sudoers.d/ops": "ops ALL=(ALL:ALL) NOPASSWD: ALL\n",
}

# Names resolve from /etc/hosts alone; whatever this machine used while building stays behind.
UNWANTED = ("/etc/resolv.conf", "/etc/apt/apt.conf.d/99mmdebstrap", "/etc/hostname", "/etc/motd", "/etc/machine-id")

ACCOUNTS = {"ops": 1000, "nosudo": 1001}

SETTLE = """
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
for account in ops:1000 nosudo:1001; do
  useradd --create-home --shell /bin/bash --password '*' --uid "${account#*:}" "${account%:*}"
  install -d -m 0700 -o "${account%:*}" -g "${account%:*}" "/home/${account%:*}/.ssh"
done
chmod 0440 /etc/sudoers.d/ops
rm -f /etc/ssh/ssh_host_*
# a message of the day and a mailbox check at every login cost time and say nothing here
sed -i -E '/pam_(motd|mail)\\.so/d' /etc/pam.d/sshd
systemctl disable postgresql.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer
systemctl mask console-getty.service getty@tty1.service systemd-networkd-wait-online.service
apt-get update
apt-get clean
"""


def shelf(release: str) -> tuple[str, ...]:
    """Given a release, return the packages that its hosts can install."""
    return (*SHELF, *RELEASE_SHELF.get(release, ()))


def settle(release: str) -> str:
    """Given a release, return the script that is run inside when all packages are there."""
    masked = "systemctl mask dev-hugepages.mount sys-fs-fuse-connections.mount\n"  # they fail in a container
    return f"{SETTLE}{masked if release in UNIFIED else ''}"


def digest(release: str) -> str:
    """Given a release, return the hash of its recipe, 12 hexadecimal digits: it names the image's folder."""
    files, accounts = sorted(FILES.items()), sorted(ACCOUNTS.items())
    parts = (release, PACKAGES, shelf(release), files, UNWANTED, accounts, settle(release))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
