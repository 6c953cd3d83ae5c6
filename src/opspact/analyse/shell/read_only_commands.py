"""Commands that are known to read only, whatever files and values they are given.

Comes in: a command, or a script. Goes out: whether all of it is known to read only. What is not listed here counts as
changing something: a program, an option, a word of the shell. Options are those of each program's own manual.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

_FREE = frozenset(
    re.findall(
        r"\S+",
        """
        : [ arch base64 basename cat cd cksum cmp column comm cut df diff dirname du echo egrep expand false fgrep
        findmnt fmt fold free getconf getent getfacl grep groups head hexdump id iostat join jq last lastb locale ls
        lsattr lsblk lscpu lsmod lsns md5sum mpstat namei nl nproc numfmt od paste pgrep pidof printenv printf ps pwd
        pwdx readlink realpath rev seq sha1sum sha256sum sha512sum sleep stat strings tac tail test tr true tty type
        uname uptime vmstat w wc which who whoami
        """,
    )
)
"""Programs without an option that writes a file, runs a program or changes anything else."""

_OPERAND = r"[^-].*"
_EACH: Mapping[str, str] = {
    "chronyc": "-n|tracking|sources|sourcestats|activity|ntpdata",
    "dmesg": "-[HTkux]+|--(?:ctime|human|level=.*)",
    "find": rf"{_OPERAND}|-(?!exec|ok|delete|f(?:print|ls)).*",
    "hostname": "-[fsdiAI]|--(?:fqdn|short|domain)",
    "journalctl": (
        rf"{_OPERAND}|-[^-].*|--(?:unit|user-unit|identifier|lines|since|until|output|priority|boot|grep)(?:=.*)?"
        r"|--(?:no-pager|quiet|reverse|utc|dmesg|all|no-full|no-hostname|catalog|disk-usage|list-boots)"
    ),
    "smartctl": r"-[aAHix]+|/dev/\w+",
    "sort": rf"{_OPERAND}|-[bdfghiMnRrVsuz]*(?:[kt].*)?|--(?:numeric-sort|reverse|unique|key=.*)",
    "ss": rf"{_OPERAND}|-[HOnralomepistuwx046]+",
    "sysctl": r"-[nea]+|\w[\w./-]*",
    "uniq": "-[cdDiuz]+|--(?:count|repeated|unique)",
}
"""Programs that only read if each of their arguments is such a one."""
_OF_SYSTEMCTL = (
    "status|show|cat|is-(?:active|enabled|failed|system-running)|get-default"
    "|list-(?:units|unit-files|timers|sockets|dependencies|jobs)|--failed"
)
_OPTIONS_OF_SYSTEMCTL = (
    rf"{_OPERAND}|-(?:[alq]+|[pnot]\S*)|--(?:no-pager|no-legend|plain|all|full|quiet|value|failed|reverse)"
    r"|--(?:property|lines|state|type|output|legend)(?:=.*)?"
)
_CONTAINERS = ("ps|inspect|logs|images|version|info|port", ".*")
_FIRST_AND_OTHERS: Mapping[str, tuple[str, str]] = {
    "awk": (r"(?!-)(?:(?!system|getline)[^>|@])+", _OPERAND),
    "command": ("-[vV]", _OPERAND),
    "date": (r"\+.*|-u|--utc|-R|-I.*|--iso-8601.*", r"\+.*"),
    "docker": _CONTAINERS,
    "dpkg": ("-[lsLSV]|--(?:list|status|listfiles|search|verify|audit|get-selections)", _OPERAND),
    "openssl": ("x509", rf"{_OPERAND}|-(?:in|noout|text|dates|enddate|startdate|checkend|subject|issuer|serial)"),
    "podman": _CONTAINERS,
    "rpm": ("-q[aficlR]*", _OPERAND),
    "systemctl": (_OF_SYSTEMCTL, _OPTIONS_OF_SYSTEMCTL),
    "timedatectl": ("status|show|timesync-status", "--value|--property=.*"),
}
"""Programs that only read if their first argument is such a one, and each of the others."""
_IP = re.compile(
    r"(?:-(?:br|brief|[46sdoj]|json) )*(?:a|addr|address|l|link|r|route|n|neigh|rule)(?: (?:show|list|get)(?: .*)?)?"
)
"""Arguments of `ip`, which takes any beginning of a verb for it: `ip a a` adds an address."""
_BUILT_INTO_BASH = frozenset({"[", "printf", "test"})
"""Programs that, built into bash, set or evaluate variables with `-v`."""

_FOLDER = re.compile(r"(?:/usr)?/s?bin/")
_SHELL = re.compile(r"(?:(?:/usr)?/bin/)?(?:sh|bash|dash)")
_SHELL_OPTION = re.compile(r"-[eu]*c")
_DEVICE = re.compile(r"/dev/(?!null\b)")
"""What is read from a device may be gone for others."""
_EXPANDED = re.compile(r"(?!'[^']*'$)(?:.*[$~{]|[*?\[]|-.*[*?\[])", re.DOTALL)
"""Words from which a shell may make others, such as options; not those in single quotes."""
_VALUE = r"\$(?![({])|\$\{[a-z]\w*\}"
_TOKEN = re.compile(
    r"(?P<ignored>[ \t]+|[012]?(?:[<>][ \t]*/dev/null|>&[12])(?![^\s;&|]))"
    r"|(?P<between>(?:\|\|?|&&|;|\n)[ \t\n]*)"
    rf"|(?P<word>(?:[^\s;&|()<>'\"\\`$]|(?!\$['\"])(?:{_VALUE})|\\.|'[^']*'|\"(?:[^\"\\`$]|{_VALUE}|\\.)*\")+)"
)
"""A plain script: words, values, quotes, the operators between commands, what is not shown."""
_KEYWORDS = frozenset({"!", "if", "then", "elif", "else", "fi"})
_ASSIGNED = re.compile(r"(\w+)=.*", re.DOTALL)
_PLAIN_VARIABLE = re.compile(r"[a-z][a-z0-9_]*|LANG|LC_[A-Z]+|TZ")


def only_reads(command: Sequence[str]) -> bool:
    """Given a command, return whether it is known to read only."""
    if len(command) > 2 and _SHELL.fullmatch(command[0]) and _SHELL_OPTION.fullmatch(command[1]):  # noqa: PLR2004 - sh -c SCRIPT
        return script_only_reads(command[2])
    return bool(command) and _reads(command[0], command[1:])


def script_only_reads(script: str) -> bool:
    """Given a script for sh, return whether all of its commands are known to read only."""
    commands: list[list[str]] = [[]]
    position = 0
    while (found := _TOKEN.match(script, position)) and not found[0].startswith("#"):
        position = found.end()
        if found.lastgroup == "word":
            commands[-1].append(found[0])
        elif found.lastgroup == "between":
            commands.append([])
    return position == len(script) and all(map(_command_reads, commands))


def is_plain_variable(name: str) -> bool:
    """Given the name of a variable in a command's environment, return whether programs take it for no setting."""
    return _PLAIN_VARIABLE.fullmatch(name) is not None


def _reads(program: str, arguments: Sequence[str]) -> bool:
    name = _FOLDER.sub("", program, count=1) if program.startswith("/") else program
    if any(_DEVICE.search(each) for each in arguments) and name != "smartctl":
        return False
    if name in _FREE:
        return not (name in _BUILT_INTO_BASH and any(each.startswith("-v") for each in arguments))
    if name == "ip":
        return _IP.fullmatch(" ".join(arguments)) is not None
    if name in _EACH:
        return _fits(arguments, _EACH[name])
    if name in _FIRST_AND_OTHERS:
        first, others = _FIRST_AND_OTHERS[name]
        return _fits(arguments[:1], first) and _fits(arguments[1:], others)
    return False


def _fits(arguments: Sequence[str], pattern: str) -> bool:
    return all(re.fullmatch(pattern, each, re.DOTALL) for each in arguments)


def _command_reads(written: Sequence[str]) -> bool:
    """Given the words of a command as they are written, return whether it is known to read only."""
    left = list(written)
    while left and left[0] in _KEYWORDS:
        del left[0]
    while left and (assigned := _ASSIGNED.fullmatch(left[0])):
        if not is_plain_variable(assigned[1]):
            return False
        del left[0]
    if not left:
        return True
    program, *arguments = (" ".join(shlex.split(each)) for each in left)
    if program not in _FREE and any(map(_EXPANDED.match, left[1:])):
        return False
    return _reads(program, arguments)
