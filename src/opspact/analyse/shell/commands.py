"""Scripts of a shell as all commands that they run, also through other programs.

Comes in: a script, one line or several. Goes out: its commands in order, with those that others start: `sudo`, `xargs`,
`find -exec`, `ip netns exec`, `sh -c`, `$(…)`. Options are those of each program's own manual (util-linux, coreutils,
findutils, sudo, systemd, iproute2, docker, kubectl).
"""

import re
from collections.abc import Callable, Iterator, Mapping

from opspact.analyse.shell.command_reader import BEFORE_A_COMMAND, Command, CommandReader
from opspact.structs import replace

_DEEPEST = 8
"""Commands in commands are looked into so deep."""

_STARTERS: Mapping[str, tuple[str, int]] = {
    "sudo": ("-[A-Za-z]*[CDghpRrTtUu]|--(?:user|group|host|chdir|chroot|prompt|role|type|other-user)", 0),
    "doas": ("-[Cu]", 0),
    "pkexec": ("--user", 0),
    "runuser": ("-[uGgsw]|--(?:user|group|supp-group|shell)", 0),
    "setpriv": ("--(?:[re]?[ug]id|groups|inh-caps|ambient-caps|bounding-set|securebits|pdeathsig)", 0),
    "env": ("-[uC]|--(?:unset|chdir)", 0),
    "nice": ("-n|--adjustment", 0),
    "ionice": ("-[cn]|--(?:class|classdata)", 0),
    "chrt": ("-[TPD]|--sched-(?:runtime|period|deadline)", 1),
    "taskset": ("", 1),
    "numactl": ("-[NmCpiw]", 0),
    "prlimit": ("", 0),
    "nohup": ("", 0),
    "setsid": ("", 0),
    "setarch": ("", 1),
    "timeout": ("-[ks]|--(?:kill-after|signal)", 1),
    "strace": ("-[abeEIoOpPsSuUX]", 0),
    "ltrace": ("-[abeFlnopsuwx]", 0),
    "xargs": ("-[adEILnPs]|--(?:arg-file|delimiter|max-lines|max-args|max-procs|max-chars)", 0),
    "parallel": ("-[aCdIjLNSs]|--(?:arg-file|colsep|delimiter|jobs|sshlogin|timeout|joblog|retries)", 0),
    "exec": ("-a", 0),
    "command": ("", 0),
    "builtin": ("", 0),
    "stdbuf": ("-[ioe]", 0),
    "unbuffer": ("", 0),
    "busybox": ("", 0),
    "toybox": ("", 0),
    "lvm": ("", 0),
    "fakeroot": ("", 0),
    "flock": ("-[wE]|--(?:timeout|wait|conflict-exit-code)", 1),
    "chroot": ("", 1),
    "nsenter": ("-[tSG]|--(?:target|setuid|setgid)", 0),
    "unshare": ("-[RSGw]|--(?:root|wd|setuid|setgid|propagation|setgroups|map-user|map-group)", 0),
    "systemd-run": (
        "-[EHMpu]|--(?:unit|[a-z]*-?property|uid|gid|description|slice|machine|host|setenv|working-directory|nice|on-.*)",
        0,
    ),
    "systemd-nspawn": ("-[DEMSiup]|--(?:directory|image|machine|user|setenv|bind|bind-ro|chdir|slice)", 0),
    "systemd-inhibit": ("--(?:what|who|why|mode)", 0),
    "pdsh": ("-[wxlgfutR]", 0),
    "clush": ("-[wxglfut]", 0),
    "pssh": ("-[hHlpteox]", 0),
    "parallel-ssh": ("-[hHlpteox]", 0),
}
"""Programs that start the command in their arguments: their options that take values, and how many words precede it."""

_SHELLS = frozenset({"ash", "bash", "capsh", "dash", "flock", "ksh", "runuser", "script", "sh", "su", "zsh"})
"""Programs that run the script after their option `-c`."""
SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
"""Programs that run what they read where they are given no script."""

_CONTAINER = "-[uewnlL]|--(?:user|env|env-file|workdir|namespace|container|index|detach-keys|selector)"
_NEW_CONTAINER = (
    "-[abcehlmpuvw]|--(?:add-host|cap-add|cap-drop|cpus|device|dns|entrypoint|env|env-file|hostname|ip|label|link"
    "|log-driver|log-opt|memory|mount|name|net|network|pid|platform|publish|pull|restart|security-opt|shm-size"
    "|tmpfs|ulimit|user|userns|volume|volumes-from|workdir)"
)
_DOCKER = "docker|docker-compose|podman|nerdctl"
_INSIDE = (
    (re.compile(f"{_DOCKER}|kubectl|oc|crictl|lxc|incus"), "exec", _CONTAINER, 1),
    (re.compile(_DOCKER), "run", _NEW_CONTAINER, 1),
    (re.compile("ip"), "netns exec", "", 1),
    (re.compile("ip"), "vrf exec", "", 1),
    (re.compile("machinectl"), "shell", "-[EM]|--(?:uid|setenv|machine)", 1),
)
"""Programs with a subcommand that starts a command: which, its options with a value, how many words precede it."""

_VERB = r"(?:\s-\S+(?:\s[^-\s]\S*)?)*\s(?:{})(?=\s|$)"


def commands_of(script: str, depth: int = 0) -> Iterator[Command]:
    """Given a script, yield its simple commands in order; what a command starts stands in its place, or after it."""
    if depth > _DEEPEST:
        return
    reader = CommandReader(script)
    for command in reader.commands():
        yield from started(command, depth)
    for inner in reader.inner:
        yield from commands_of(inner, depth + 1)


def has_subcommand(line: str, verbs: str) -> bool:
    """Given arguments on one line, each after a space, and an expression, return whether a subcommand fits it.

    Options may precede it, each with one value or none: which of them take one is not known.
    """
    return re.match(_VERB.format(verbs), line) is not None


def started(command: Command, depth: int = 0) -> Iterator[Command]:
    """Yield a command, or what it starts instead."""
    script, within = _script(command), _within(command)
    if script:
        for each in commands_of(script, depth + 1):
            is_fed = each.piped is not None or each.reads or each.heredocs
            yield each if is_fed else replace(each, piped=command.piped, reads=command.reads)
        return
    if within is not None and depth <= _DEEPEST:
        yield from started(within, depth + 1)
        return
    yield command
    for each in _executed(command) if command.program == "find" and depth <= _DEEPEST else ():
        yield from started(each, depth + 1)


def _script(command: Command) -> str:
    """Return the script that a command runs; empty: none."""
    if command.program in _SHELLS:
        is_one_user = command.program == "runuser" and not {"-u", "--user"}.isdisjoint(command.arguments)
        return "" if is_one_user else _after_option(command.arguments, r"-\w*c|--command") or _read(command)
    find = _SCRIPTS.get(command.program)
    return find(command) if find else ""


def _read(command: Command) -> str:
    return "\n".join(command.texts)


def _over_ssh(command: Command) -> str:
    return " ".join(_after(command.arguments, "-[BbcDEeFIiJLlmOopQRSWw]", 1)) or _read(command)


def _of_salt(command: Command) -> str:
    words = command.arguments
    return " ".join(words[words.index("cmd.run") + 1 :][:1]) if "cmd.run" in words else ""


def _in_a_terminal(command: Command) -> str:
    return next((each for each in reversed(command.arguments) if " " in each), "")


_SCRIPTS: Mapping[str, Callable[[Command], str]] = {
    "eval": lambda command: " ".join(command.arguments),
    "trap": lambda command: next(iter(command.operands), ""),
    "ssh": _over_ssh,
    "watch": lambda command: " ".join(_after(command.arguments, "-n|--interval", 0)),
    "env": lambda command: _after_option(command.arguments, r"-\w*S|--split-string"),
    "salt": _of_salt,
    "at": _read,
    "batch": _read,
    "tmux": _in_a_terminal,
    "screen": _in_a_terminal,
}
"""Programs that run the script in their arguments or in what they read, and where it stands."""


def _after_option(arguments: tuple[str, ...], option: str) -> str:
    """Return the value of an option; empty: it is not given."""
    for index, each in enumerate(arguments):
        if re.fullmatch(option, each):
            return next(iter(arguments[index + 1 :]), "")
        if found := re.match(rf"(?:{option})=", each):
            return each[found.end() :]
    return ""


def _within(command: Command) -> Command | None:
    """Return the command that another one starts with its own input and output; None where it starts none."""
    if command.program == "command" and not {"-v", "-V"}.isdisjoint(command.arguments):
        return None  # it only prints where the program is
    options = _STARTERS.get(command.program)
    words = _after(command.arguments, *options) if options else _inside(command)
    if not words:
        return None
    more = _piped_names(command) if command.program in {"xargs", "parallel"} and ":::" not in words else ()
    arguments = (each for each in (*words[1:], *more) if each != ":::")
    return replace(command, program=words[0].rpartition("/")[2], arguments=tuple(arguments))


def _inside(command: Command) -> tuple[str, ...]:
    """Return what a command starts in a container, a machine or a network namespace; empty: nothing."""
    for programs, verb, with_value, before in _INSIDE:
        last = verb.split()[-1]
        if programs.fullmatch(command.program) and last in command.arguments and _leads_to(command, verb):
            rest = command.arguments[command.arguments.index(last) + 1 :]
            if "--" in rest:
                return rest[rest.index("--") + 1 :]
            return _after(rest, with_value, before)
    return ()


def _leads_to(command: Command, verb: str) -> bool:
    return has_subcommand(command.line, rf"(?:compose(?:\s-\S+(?:\s[^-\s]\S*)?)*\s|container\s)?{verb}")


def _after(arguments: tuple[str, ...], with_value: str, before: int) -> tuple[str, ...]:
    """Return the command in arguments: what follows the options, assignments and `before` more words."""
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if with_value and re.fullmatch(with_value, word):
            index += 2
        elif word.startswith("-") or BEFORE_A_COMMAND.fullmatch(word):
            index += 1
        elif before:
            before -= 1
            index += 1
        else:
            break
    return arguments[index:]


def _piped_names(command: Command) -> tuple[str, ...]:
    """Return what `xargs` adds: where `find` looks, or something unknown."""
    return searched_places(command.piped) if command.piped and command.piped.program == "find" else ("$",)


def searched_places(find: Command) -> tuple[str, ...]:
    """Given a `find`, return the places where it looks."""
    words = list(find.arguments)
    while words and words[0] in {"-H", "-L", "-P"}:
        del words[0]
    end = next((index for index, each in enumerate(words) if each.startswith(("-", "(", "!"))), len(words))
    return tuple(words[:end]) or (".",)


_EXECUTING = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_ENDS = frozenset({";", "+", *_EXECUTING})
_MOST_PLACES = 50
"""So many of the places where a `find` looks are put in for what it finds."""


def _executed(find: Command) -> Iterator[Command]:
    """Yield what a `find` executes, with the places where it looks in the place of what it finds."""
    places, arguments = searched_places(find)[:_MOST_PLACES], find.arguments
    for index, each in enumerate(arguments):
        if each in _EXECUTING:
            rest = arguments[index + 1 :]
            end = next((number for number, word in enumerate(rest) if word in _ENDS), len(rest))
            words = [name for word in rest[:end] for name in (places if word == "{}" else (word,))]
            if words:
                yield Command(words[0].rpartition("/")[2], tuple(words[1:]))
