"""Programs that give more than they seem to when they run as root: a shell, any file, any command.

Comes in: a command as an access policy allows it (sudo takes exactly these arguments, or none). Goes out: why it is
wider than it looks, or nothing. What each program can do is what its own manual says: shell escapes of pagers and
editors (`!`, `:!`), options that run a command, files that it writes.
"""

import posixpath
import re

_OTHERS = "can run other programs"
_SHELL = "can open a shell"
_WIDE_BY_NAME = {
    "is an editor: it can write any file and open a shell": "vi vim vim.basic vim.tiny nvim view vimdiff nano pico "
    "emacs ed ex joe mcedit",
    "starts an editor, which can open a shell": "visudo vipw vigr sudoedit",
    "is a pager: it can open a shell (!)": "less more most pg man info zless zmore bzless xzless",
    _OTHERS: "su sudo doas pkexec runuser setpriv capsh chroot unshare nsenter systemd-run script screen tmux at "
    "batch env xargs nice ionice nohup setsid timeout time watch strace ltrace stdbuf taskset flock parallel "
    "start-stop-daemon run-parts make entr rlwrap ssh-agent dbus-run-session",
    "runs containers or machines, which can access the host's files": "docker podman lxc kubectl machinectl virsh ctr",
}
"""Programs that are wide whatever their arguments, by the reason."""

_WHY_BY_NAME = {name: why for why, names in _WIDE_BY_NAME.items() for name in names.split()}
_RUNS_WHAT_IT_IS_GIVEN = re.compile(
    r"(?:ba|da|z|k|c|tc|rba)?sh|fish|busybox"
    r"|(?:python|perl|ruby|lua|php|node|nodejs|tclsh|expect|[gm]?awk|gdb|irb|jrunscript)[0-9.]*"
)
_CLIENTS = frozenset({"psql", "mysql", "mariadb", "sqlite3", "ftp", "sftp", "telnet", "mutt", "mail"})
_ONE_COMMAND = re.compile(r"(?<!\S)(?:-c|--command|-e|--execute|-l)(?!\S)")
_WIDE_BY_OPTION = {
    "tar": r"--checkpoint-action|--to-command|--use-compress-program|(?<!\S)-I\b|--rsh-command|--info-script",
    "find": r"(?<!\S)-(?:exec|execdir|ok|okdir|delete|fprint\w*)\b",
    "git": r"(?<!\S)(?:-c|-p|--paginate|--exec-path)\b",
    "zip": r"--unzip-command|(?<!\S)-TT\b",
    "sed": r"(?<!\S)(?:-i|--in-place|-e|--expression|-f|--file)\b",
    "tcpdump": r"(?<!\S)-z\b",
    "openssl": r"-engine",
    "nmap": r"--interactive|--script",
    "ssh": r"ProxyCommand|LocalCommand",
    "rsync": r"(?<!\S)-e\b|--rsh",
    "wget": r"--use-askpass|--post-file",
    "systemctl": r"(?<!\S)edit\b",
    "apt": r"-o\b|(?<!\S)changelog\b",
    "apt-get": r"-o\b|(?<!\S)changelog\b",
}
_PAGED = {
    "systemctl": re.compile(r"|(?:status|show|cat|help|list-[a-z-]+)(?: .*)?"),
    "journalctl": re.compile(r".*"),
    "git": re.compile(r"(?:log|diff|show|help|branch|grep|blame)(?: .*)?"),
}
_WRITERS = frozenset(["chgrp", "chmod", "chown", "cp", "curl", "dd", "install", "ln", "mv", "tee", "truncate", "wget"])
_INSTALLERS = frozenset(["apt", "apt-get", "dpkg", "dnf", "pip", "pip3", "rpm", "snap", "yum"])
_MAKES_ROOT = {
    "chmod": re.compile(r"(?<!\S)(?:[2467][0-7]{3}|[ugoa]*[+=][rwxXt]*s)"),
    "crontab": re.compile(r"^(?!(?:.*\s)?-l(?!\S))"),
    "passwd": re.compile(r"^$|(?<!\S)root(?!\S)"),
    "chpasswd": re.compile(r""),
    "usermod": re.compile(r"^$|(?<!\S)(?:-\w*[Gou]|--groups|--uid|--non-unique)(?!\w)|(?<!\S)root(?!\S)"),
    "gpasswd": re.compile(r"^$|(?<!\S)(?:sudo|root|adm|shadow|disk|docker)(?!\S)"),
}
"""Arguments with which a program can make somebody root."""
_DECIDES = re.compile(r"(?<![\w/])/etc/(?:sudoers|g?shadow|passwd|pam\.d|cron)")
_UNIT_IS_NEEDED = re.compile(r"(?:try-)?(?:start|stop|restart|reload|enable|disable|mask|unmask|kill)")
_WRITABLE = ("/home/", "/tmp/", "/var/tmp/", "/dev/shm/", "/srv/", "/mnt/", "/media/", "/run/user/")  # noqa: S108 - named, not used


def describe_escalation(command: str) -> str:
    """Given a command that people may run as root, return in words why it allows more than it says; empty otherwise."""
    if command == "ALL":
        return "allows everything"
    program, _, arguments = command.partition(" ")
    name = posixpath.basename(program)
    if program.startswith(_WRITABLE):
        return f"is in a directory that others can write to ({posixpath.dirname(program)})"
    if _RUNS_WHAT_IT_IS_GIVEN.fullmatch(name):
        return _script(arguments)
    if name in _CLIENTS and not _ONE_COMMAND.search(arguments):
        return _SHELL
    return _WHY_BY_NAME.get(name, "") or _by_arguments(name, arguments) or _for_root(name, arguments)


def _script(arguments: str) -> str:
    """Return why what a shell or an interpreter is given to run is wide; a fixed script that nobody changes is not."""
    script = next((word for word in arguments.split() if not word.startswith("-")), "")
    if not script.startswith("/"):
        return "can run any command"
    return "runs a program in a directory that others can write to" if script.startswith(_WRITABLE) else ""


def _by_arguments(name: str, arguments: str) -> str:
    """Return why a program is wide with just these arguments."""
    option = _WIDE_BY_OPTION.get(name)
    if option and re.search(option, arguments):
        return f"{_OTHERS} or writes any file with an option"
    if name == "systemctl" and _UNIT_IS_NEEDED.fullmatch(arguments):
        return "names no unit"
    words = arguments.split()
    operands = " ".join(word for word in words if not word.startswith("-"))
    paged = _PAGED.get(name)
    if paged and paged.fullmatch(operands) and "--no-pager" not in words:
        return "uses a pager, which can open a shell (!); add --no-pager"
    return ""


def _for_root(name: str, arguments: str) -> str:
    """Return why somebody can make themselves root with it, though it runs nothing else."""
    if name in _WRITERS and not arguments:
        return "can write any file"
    makes = _MAKES_ROOT.get(name)
    if (makes and makes.search(arguments)) or _DECIDES.search(arguments):
        return "changes files that control root access"
    if name in _INSTALLERS and any(word.startswith(_WRITABLE) for word in arguments.split()):
        return "installs files that others can write to"
    return ""
