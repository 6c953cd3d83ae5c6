"""Commands that are known to read only, whatever files and values they are given.

Comes in: a command, or a script. Goes out: whether all of it is known to read only. What is not listed here counts as
changing something: a program, an option, a word of the shell. Options are those of each program's own manual.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from opspact.analyse.shell.devices import expands_to_device, is_fixed_folder, names_device, value_names_device

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
_VERB_OF_SYSTEMCTL = (
    "status|show|cat|is-(?:active|enabled|failed|system-running)|get-default"
    "|list-(?:units|unit-files|timers|sockets|dependencies|jobs)"
)
_OPTION_OF_SYSTEMCTL = (
    r"-(?:[alq]+|[pnot]\S+)|--(?:no-pager|no-legend|plain|all|full|quiet|value|failed|reverse)"
    r"|--(?:property|lines|state|type|output|legend)=.*"
)
"""Those that take no word after them: before the verb, that word would be no verb."""
_AFTER_VERB_OF_SYSTEMCTL = rf"{_OPERAND}|{_OPTION_OF_SYSTEMCTL}|-[pnot]|--(?:property|lines|state|type|output)"
_CONTAINERS = ("ps|inspect|logs|images|version|info|port", ".*")
_FIRST_AND_OTHERS: Mapping[str, tuple[str, str]] = {
    "awk": (r"(?!-)(?:(?!system|getline|ARG)[^>|@])+", _OPERAND),
    "command": ("-[vV]", _OPERAND),
    "date": (r"\+.*|-u|--utc|-R|-I.*|--iso-8601.*", r"\+.*"),
    "docker": _CONTAINERS,
    "dpkg": ("-[lsLSV]|--(?:list|status|listfiles|search|verify|audit|get-selections)", _OPERAND),
    "openssl": ("x509", rf"{_OPERAND}|-(?:in|noout|text|dates|enddate|startdate|checkend|subject|issuer|serial)"),
    "podman": _CONTAINERS,
    "rpm": ("-q[aficlR]*", _OPERAND),
    "timedatectl": ("status|show|timesync-status", "--value|--property=.*"),
}
"""Programs that only read if their first argument is such a one, and each of the others."""
_IP = re.compile(
    r"(?:-(?:br|brief|[46sdoj]|json) )*(?:a|addr|address|l|link|r|route|n|neigh|rule)(?: (?:show|list|get)(?: .*)?)?"
)
"""Arguments of `ip`, which takes any beginning of a verb for it: `ip a a` adds an address."""
_BUILT_INTO_BASH = frozenset({"[", "printf", "test"})
"""Programs that, built into bash, set or evaluate variables: with `-v`, `-R`, and a format `%n`."""
_SETTING = re.compile(r"-[vR].*", re.DOTALL)
_SETTING_FORMAT = re.compile(r"%[^%A-Za-z]*[hlLjtz]*n")
_TEST_OF_ONE = r"-[a-uw-zA-QS-Z]"
_TEST_OF_TWO = r"=|==|!=|-(?:eq|ne|lt|le|gt|ge)"
_SAYING = frozenset({":", "echo", "false", "printf", "true"})
"""Programs that open no file."""

_FOLDER = re.compile(r"(?:/usr)?/s?bin/")
_SHELL = re.compile(r"(?:(?:/usr)?/bin/)?(?:sh|bash|dash)")
_SHELL_OPTION = re.compile(r"-[eu]*c")
_IN_SINGLE_QUOTES = re.compile(r"\\.|'[^']*'", re.DOTALL)
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_PATH = re.compile(r"\.?/")
_EXPANDED = re.compile(r"[*?\[{~]")
"""What a shell makes other words of, such as options, unless it is quoted."""
_VALUE = r"\$(?![({\[])|\$\{[a-z]\w*\}"
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
    name = _name(program)
    if any(map(names_device, arguments)) and name != "smartctl":
        return False
    if name in _FREE:
        return _built_in_reads(name, arguments)
    if name == "systemctl":
        return _systemctl_reads(arguments)
    if name in _EACH:
        return _fits(arguments, _EACH[name])
    if name in _FIRST_AND_OTHERS:
        first, others = _FIRST_AND_OTHERS[name]
        return _fits(arguments[:1], first) and _fits(arguments[1:], others)
    return name == "ip" and _IP.fullmatch(" ".join(arguments)) is not None


def _built_in_reads(name: str, arguments: Sequence[str]) -> bool:
    """Whether a program without options that write does not change the shell itself in a way that matters."""
    if name == "cd":  # later paths are understood from there
        return len(arguments) == 1 and is_fixed_folder(arguments[0])
    sets = any(_SETTING.fullmatch(each) or _SETTING_FORMAT.search(each) for each in arguments)
    return not (name in _BUILT_INTO_BASH and sets)


def _name(program: str) -> str:
    return _FOLDER.sub("", program, count=1) if program.startswith("/") else program


def _systemctl_reads(arguments: Sequence[str]) -> bool:
    """Whether systemctl only reads: its verb is the first word that is no option; without one it lists units."""
    verb = next((at for at, each in enumerate(arguments) if not each.startswith("-")), len(arguments))
    return (
        _fits(arguments[:verb], _OPTION_OF_SYSTEMCTL)
        and _fits(arguments[verb : verb + 1], _VERB_OF_SYSTEMCTL)
        and _fits(arguments[verb + 1 :], _AFTER_VERB_OF_SYSTEMCTL)
    )


def _fits(arguments: Sequence[str], pattern: str) -> bool:
    return all(re.fullmatch(pattern, each, re.DOTALL) for each in arguments)


def _command_reads(written: Sequence[str]) -> bool:
    """Given the words of a command as they are written, return whether it is known to read only."""
    left = list(written)
    while left and left[0] in _KEYWORDS:
        del left[0]
    while left and (assigned := _ASSIGNED.fullmatch(left[0])):
        if not is_plain_variable(assigned[1]) or _gives_device(left[0].partition("=")[2]):
            return False
        del left[0]
    if not left:
        return True
    program, *arguments = map(_as_given, left)
    return _expands_safely(_name(program), left[1:]) and _reads(program, arguments)


def _as_given(written: str) -> str:
    """Return a word as a program is given it."""
    return " ".join(shlex.split(written))


def _gives_device(written: str) -> bool:
    """Whether a variable may name a device once it is given a value, as it is written."""
    return expands_to_device(written) or value_names_device(_as_given(written))


def _expands_safely(program: str, written: Sequence[str]) -> bool:
    """Whether nothing that a shell makes of the words of a command lets the program do more than read."""
    if program == "printf":
        return not any(map(_has_pattern, written)) and not _takes_format(written)
    if program in _BUILT_INTO_BASH:
        return _tests_safely(written[:-1] if program == "[" else written)
    if program not in _SAYING and any(map(expands_to_device, written)):
        return False
    if program in _FREE and program != "cd":
        return True
    takes_paths = program not in {"awk", "cd"}  # the name of a file would be a program of awk, or any folder
    return not any(
        _has_value(each) or (_has_pattern(each) and not (takes_paths and _PATH.match(each))) for each in written
    )


def _has_value(written: str) -> bool:
    return "$" in _IN_SINGLE_QUOTES.sub("", written)


def _has_pattern(written: str) -> bool:
    return _EXPANDED.search(_QUOTED.sub("", written)) is not None


def _takes_format(written: Sequence[str]) -> bool:
    """Whether the words of printf have a value for its format, or one that may be several words."""
    at = 1 if written[:1] == ["--"] else 0
    return any(map(_has_value, written[: at + 1]))


def _tests_safely(written: Sequence[str]) -> bool:
    """Whether no value is an operator of `test`, in which bash evaluates what follows `-v`."""
    left = list(written)
    if any("$" in _QUOTED.sub("", each) or _has_pattern(each) for each in left):
        return False
    if not any(map(_has_value, left)):
        return True
    if left[0] == "!":
        del left[0]
    match left:
        case [operator, _]:
            return re.fullmatch(_TEST_OF_ONE, operator) is not None
        case [_, operator, _]:
            return re.fullmatch(_TEST_OF_TWO, operator) is not None
    return False
