"""Programs that give more than they seem to when they run as root: a shell, any file, any command.

Comes in: a command as an access policy allows it (sudo takes exactly these arguments, or none). Goes out: why it is
wider than it looks, or nothing. What each program can do is what its own manual says: shell escapes of pagers and
editors (`!`, `:!`), options that run a command, files that it writes.
"""

import posixpath
import re

from opspact.analyse.shell.command_reader import Command
from opspact.analyse.shell.commands import has_subcommand, started

_OTHERS = "can run other programs"
_SHELL = "can open a shell"
_WIDE_BY_NAME = {
    "is an editor: it can write any file and open a shell": "vi vim vim.basic vim.tiny nvim view vimdiff nano pico "
    "emacs ed ex joe mcedit",
    "starts an editor, which can open a shell": "visudo vipw vigr sudoedit",
    "is a pager: it can open a shell (!)": "less more most pg man info zless zmore bzless xzless",
    _OTHERS: "su sudo doas pkexec runuser setpriv capsh chroot unshare nsenter systemd-run systemd-nspawn script "
    "screen tmux at batch env xargs nice ionice nohup setsid timeout time watch strace ltrace stdbuf taskset chrt "
    "numactl prlimit setarch flock parallel start-stop-daemon run-parts make entr rlwrap ssh-agent dbus-run-session "
    "unbuffer fakeroot proot firejail cpulimit logsave choom cgexec socat nc ncat netcat ansible ansible-playbook "
    "ansible-console puppet salt salt-call pdsh clush pssh",
    "loads code into the kernel": "kexec",
    "reads and writes any file of a file system": "debugfs",
}
"""Programs that are wide whatever their arguments, by the reason; not where they start one command in full."""

_WHY_BY_NAME = {name: why for why, names in _WIDE_BY_NAME.items() for name in names.split()}
_RUNS_WHAT_IT_IS_GIVEN = re.compile(
    r"(?:ba|da|z|k|c|tc|rba)?sh|fish|busybox"
    r"|(?:python|perl|ruby|lua|php|node|nodejs|tclsh|expect|[gm]?awk|gdb|irb|jrunscript)[0-9.]*"
)
_CLIENTS = frozenset({"psql", "mysql", "mariadb", "sqlite3", "ftp", "sftp", "telnet", "mutt", "mail"})
_ONE_COMMAND = re.compile(r"(?<!\S)(?:-c|--command|-e|--execute|-l)(?!\S)")
_WIDE_BY_OPTION = {
    "tar": r"--checkpoint-action|--to-command|--use-compress-program|(?<!\S)-I\b|--rsh-command|--info-script",
    "bsdtar": r"--use-compress-program",
    "find": r"(?<!\S)-(?:exec|execdir|ok|okdir|delete|fprint\w*|fls)\b",
    "git": r"(?<!\S)(?:-c|-p|--paginate|--exec-path|--upload-pack|--receive-pack)\b",
    "zip": r"--unzip-command|(?<!\S)-TT\b",
    "sed": r"(?<!\S)(?:-i|--in-place|-e|--expression|-f|--file)\b",
    "tcpdump": r"(?<!\S)-z\b",
    "openssl": r"-engine|-provider-path",
    "nmap": r"--interactive|--script",
    "ssh": r"ProxyCommand|LocalCommand|KnownHostsCommand",
    "scp": r"(?<!\S)-[So]",
    "rsync": r"(?<!\S)-\w*e\b|--rsh",
    "wget": r"--use-askpass|--post-file",
    "apt": r"(?<!\S)(?:-o|-c|--option|--config-file)|(?<!\S)changelog\b",
    "apt-get": r"(?<!\S)(?:-o|-c|--option|--config-file)|(?<!\S)changelog\b",
    "ip": r"(?<!\S)-b(?:a|at|atc|atch)?\b",
    "nginx": r"(?<!\S)-[cg]",
    "sysctl": r"core_pattern|modprobe|hotplug|poweroff_cmd|/(?:home|tmp|srv|var/tmp)/",
    "modprobe": r"(?<!\S)(?:-[dC]|--dirname|--config)|/",
    "depmod": r"(?<!\S)(?:-[bC]|--basedir|--config)",
    "mount": r"(?<!\S)(?:--bind|--rbind|-B|-R|--move|-M)|(?<!\S)/(?:home|tmp|srv)/",
}
_WIDE_BY_VERB = {
    "systemctl": r"edit|link|set-environment|import-environment|add-wants|add-requires",
    "git": r"difftool|mergetool|bisect\s+run|submodule\s+foreach|rebase\s+.*|config\s+(?:.*\s)?-e",
    "ip": r"netns\s+exec|vrf\s+exec",
    "machinectl": r"shell|login|import-\S+|bind|copy-to",
    "dpkg": r"--configure|--unpack\s+/(?:home|tmp)",
}
_PAGED = {
    "systemctl": r"status|show|cat|help|list-[a-z-]+",
    "git": r"log|diff|show|help|branch|grep|blame|config|tag|reflog|shortlog",
}
_HARMLESS_VERBS = {
    "docker|podman|nerdctl|docker-compose": (
        r"(?:container\s|image\s|network\s|volume\s|system\s)?(?:restart|start|stop|kill|pause|unpause|ps|ls|images|logs"
        r"|inspect|stats|top|port|version|info|df|wait|events|rm|rmi|prune|history)"
        r"|compose(?:\s-\S+(?:\s[^-\s]\S*)?)*\s(?:restart|start|stop|kill|pause|unpause|ps|ls|logs|top|images|version)"
    ),
    "kubectl|oc": (
        r"get|describe|logs|top|version|cluster-info|api-resources|rollout|scale|delete|cordon|uncordon|drain|wait|auth"
    ),
    "lxc|incus": r"restart|start|stop|pause|list|ls|info|version",
    "virsh": r"start|shutdown|reboot|reset|destroy|suspend|resume|list|dom(?:info|state|blk|if)\S*|version|autostart",
    "machinectl": r"start|stop|reboot|poweroff|terminate|kill|list|status|show|enable|disable",
    "ctr": r"version|info",
}
"""Subcommands of what runs containers and machines that cannot reach the host's files."""
_PLAIN_STARTERS = frozenset(
    {
        "chrt",
        "env",
        "flock",
        "ionice",
        "ip",
        "nice",
        "nohup",
        "numactl",
        "prlimit",
        "runuser",
        "setsid",
        "stdbuf",
        "sudo",
    }
    | {"taskset", "timeout"}
)
"""Programs with which a command that is written in full can do no more than by itself."""
_LOADS = re.compile(
    r"(?<!\S)(?:LD_|PATH=|[A-Z]*(?:PYTHON|PERL|RUBY|NODE_|BASH_|PAGER|EDITOR)|ENV=|IFS=|SHELLOPTS=|-\w*S)"
)
"""Variables from which programs load code."""
_RUNS_MACHINES = re.compile("|".join(_HARMLESS_VERBS))
_MACHINES = "runs containers or machines, which can access the host's files"
_WRITERS = frozenset(["chgrp", "chmod", "chown", "cp", "curl", "dd", "install", "ln", "mv", "tee", "truncate", "wget"])
_COPIERS = frozenset(["cp", "install", "ln", "mv", "rsync", "scp"])
_INSTALLERS = frozenset(["apt", "apt-get", "dpkg", "dnf", "gem", "npm", "pip", "pip3", "rpm", "snap", "yum", "zypper"])
_UNPACKS = {
    "tar": r"\s-?[A-Za-z]*x[A-Za-z]*(?=\s|$)|\s(?:--extract|--get)(?=\s|$)",
    "bsdtar": r"\s-?[A-Za-z]*x[A-Za-z]*(?=\s|$)|\s--extract(?=\s|$)",
    "cpio": r"\s-\w*i|\s--extract",
    "unzip": r"^(?!.*\s-\w*[lvtZ])",
    "7z": r"\s[ex]\s",
    "7za": r"\s[ex]\s",
    "unsquashfs": r"^(?!.*\s-l)",
    "ar": r"\s-?\w*x\w*\s",
}
"""How programs unpack an archive, with the owners and modes in it."""
_MAKES_ROOT = {
    "chmod": re.compile(r"(?<!\S)(?:[2467][0-7]{3}|[ugoa]*[+=][rwxXt]*s)"),
    "crontab": re.compile(r"^(?!(?:.*\s)?-l(?!\S))"),
    "passwd": re.compile(r"^$|(?<!\S)root(?!\S)"),
    "chpasswd": re.compile(r""),
    "setcap": re.compile(r""),
    "usermod": re.compile(r"^$|(?<!\S)(?:-\w*[Gou]|--groups|--uid|--non-unique)(?!\w)|(?<!\S)root(?!\S)"),
    "gpasswd": re.compile(r"^$|(?<!\S)(?:sudo|root|adm|shadow|disk|docker)(?!\S)"),
}
"""Arguments with which a program can make somebody root."""
_DECIDES = re.compile(r"(?<![\w/])/etc/(?:sudoers|g?shadow|passwd|pam\.d|cron)")
_RUN_BY_ROOT = re.compile(
    r"(?<![\w/])(?:/root/\.|/\S+/\.ssh/|/(?:usr/)?(?:local/)?(?:bin|sbin|lib\w*)/|/boot/|/var/spool/cron"
    r"|/proc/sys/kernel/(?:core_pattern|modprobe|hotplug)"
    r"|/etc/(?:anacrontab|apt/|bash|default/|dhcp/|doas|environment|fstab|init|kernel/|ld\.so|logrotate|modprobe\.d|modules"
    r"|network/|NetworkManager/|nsswitch|polkit-1/|profile|rc|security/|ssh/|sysctl|systemd/|udev/|update-motd|zsh))"
)
"""Files that root's programs run, or that say what they run or who is let in."""
_TAKES_ANY_CONTENT = frozenset({"curl", "dd", "patch", "sponge", "tee", "wget"})
"""Programs that write what they are given on their standard input, or what a server sends."""
_STANDARD_INPUT = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_RUNS_INSTALLED = re.compile(r"pip[0-9.]*|pipx|npm|yarn|pnpm|gem|cpanm?|cargo")
_OF_REPOSITORY = r"am|checkout|commit|fetch|gc|merge|pull|push|rebase|status|switch"
"""Subcommands of git that run hooks, or programs that a repository's configuration names."""
_REPOSITORY = re.compile(r"(?<!\S)(?:-C\s*|--git-dir[=\s]|--work-tree[=\s])(\S+)")
_UNIT_IS_NEEDED = re.compile(r"(?:try-)?(?:start|stop|restart|reload|enable|disable|mask|unmask|kill)")
_UNIT_FILE = re.compile(r"(?<!\S)/\S+\.(?:service|socket|timer|path|mount|target)(?!\S)")
_UNIT_FOLDERS = re.compile(r"/(?:etc|lib|usr/lib|usr/local/lib|run)/systemd/")
_INTO = re.compile(r"\s(?:-[A-Za-z]*C|--directory|-[A-Za-z]*D|-d|-o)[\s=]?(/\S*)")
"""Where an archive is unpacked."""
_MODULES = re.compile(r"(?:\s?/(?:usr/)?lib/modules/\S+(?:\s\w+=\S+)*)")
_SYSTEM = re.compile(r"/|/(?:bin|boot|etc|lib\w*|root|sbin|usr)(?:/.*)?")
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
    inner = _inner(name, arguments)
    if inner is not None and inner.startswith("/") and name in _PLAIN_STARTERS:
        return describe_escalation(inner)
    if _RUNS_MACHINES.fullmatch(name):
        return _of_machines(name, arguments, inner)
    why = _SHELL if name in _CLIENTS and not _ONE_COMMAND.search(arguments) else _WHY_BY_NAME.get(name, "")
    return why or _by_arguments(name, arguments) or _for_root(name, arguments)


def _inner(name: str, arguments: str) -> str | None:
    """Return the one command that a program starts, as it is written in full; None where it starts none."""
    outer = Command(name, tuple(arguments.split()))
    commands = list(started(outer))
    if len(commands) != 1 or commands[0].program == name or _LOADS.search(arguments):
        return None
    inner = commands[0]
    written = [word for word in outer.arguments if posixpath.basename(word) == inner.program]
    return f"{written[0]}{inner.line}" if written else None


def _of_machines(name: str, arguments: str, inner: str | None) -> str:
    """Return why a program that runs containers or machines is wide with these arguments."""
    if inner is not None and has_subcommand(f" {arguments}", r"(?:compose\s.*)?exec"):
        return describe_escalation(f"/bin/{inner}")
    fitting = (verbs for programs, verbs in _HARMLESS_VERBS.items() if re.fullmatch(programs, name))
    words = f" {arguments}"
    if any(place in words for place in _WRITABLE):
        return _MACHINES
    return "" if any(has_subcommand(words, verbs) for verbs in fitting) else _MACHINES


def _script(arguments: str) -> str:
    """Return why what a shell or an interpreter is given to run is wide; a fixed script that nobody changes is not."""
    script = next((word for word in arguments.split() if not word.startswith("-")), "")
    if not script.startswith("/"):
        return "can run any command"
    return "runs a program in a directory that others can write to" if script.startswith(_WRITABLE) else ""


def _by_arguments(name: str, arguments: str) -> str:
    """Return why a program is wide with just these arguments."""
    line, option, verbs = f" {arguments}", _WIDE_BY_OPTION.get(name), _WIDE_BY_VERB.get(name)
    if (option is not None and re.search(option, arguments)) or (verbs and has_subcommand(line, verbs)):
        return f"{_OTHERS} or write any file with an option"
    if name == "systemctl" and (why := _of_units(arguments)):
        return why
    if name == "insmod" and not _MODULES.fullmatch(arguments):
        return "loads code into the kernel"
    if _is_paged(name, line):
        return "uses a pager, which can open a shell (!); add --no-pager"
    return _of_what_others_wrote(name, line)


def _is_paged(name: str, line: str) -> bool:
    if "--no-pager" in line.split():
        return False
    if name == "journalctl" or (name == "systemctl" and all(word.startswith("-") for word in line.split())):
        return True
    return name in _PAGED and has_subcommand(line, _PAGED[name])


def _of_what_others_wrote(name: str, line: str) -> str:
    """Return why a program is wide that runs scripts of packages, or the hooks and programs of a repository."""
    if _RUNS_INSTALLED.fullmatch(name) and has_subcommand(line, r"(?:global\s)?(?:add|ci|i|install|update|upgrade)"):
        return "runs the installation scripts of packages"
    if name != "git":
        return ""
    folders = [found[1] for found in _REPOSITORY.finditer(line)]
    if any(not each.startswith("/") or f"{each}/".startswith(_WRITABLE) for each in folders):
        return "runs the hooks of a repository that others can write to"
    if not folders and has_subcommand(line, _OF_REPOSITORY):
        return "runs the hooks of any repository in which it is started; add -C with a directory"
    return ""


def _of_units(arguments: str) -> str:
    """Return why `systemctl` is wide with the units that these arguments name."""
    operands = " ".join(word for word in arguments.split() if not word.startswith("-"))
    if _UNIT_IS_NEEDED.fullmatch(operands):
        return "names no unit"
    files = (found[0] for found in _UNIT_FILE.finditer(arguments))
    if any(not _UNIT_FOLDERS.match(file) for file in files):
        return "links a unit file from outside of systemd's directories"
    return ""


def _for_root(name: str, arguments: str) -> str:
    """Return why somebody can make themselves root with it, though it runs nothing else."""
    if name in _WRITERS and not arguments:
        return "can write any file"
    makes = _MAKES_ROOT.get(name)
    is_given = name in _TAKES_ANY_CONTENT and _RUN_BY_ROOT.search(arguments)
    if is_given or (makes and makes.search(arguments)) or _DECIDES.search(arguments):
        return "changes files that control root access"
    words = arguments.split()
    if name in _INSTALLERS and any(word.startswith((*_WRITABLE, ".")) for word in words):
        return "installs files that others can write to"
    if name in {"chown", "chgrp", "setfacl"} and any(map(_SYSTEM.fullmatch, words)):
        return "changes who can write the system's files"
    from_others = any(word.startswith((*_WRITABLE, *_STANDARD_INPUT)) for word in words[:-1])
    if name in _COPIERS and from_others and _SYSTEM.fullmatch(words[-1]):
        return "copies files that others can write to over the system's"
    return _unpacks(name, f" {arguments}")


def _unpacks(name: str, line: str) -> str:
    """Return why it is wide to unpack an archive: it lies where others can write, or is laid over the system."""
    unpacks = _UNPACKS.get(name)
    if unpacks is None or not re.search(unpacks, line):
        return ""
    folders = [found[1] for found in _INTO.finditer(line)]
    if any(map(_SYSTEM.fullmatch, folders)) or re.search(r"\s(?:-[A-Za-z]*P[A-Za-z]*|--absolute-names)(?=\s|$)", line):
        return "unpacks an archive over the system's files"
    named = [word.removeprefix("--file=") for word in line.split() if word not in folders]
    if not any(word.startswith("/") and not word.startswith(_WRITABLE) for word in named):
        return "unpacks an archive that others can write to"
    return ""
