"""Commands that change something on a host, whether or not that can be undone.

Comes in: the commands of a runbook's step. Goes out: the first of them that is known to change something.
"""

import re

from opspact.analyse.shell.command_reader import Command
from opspact.analyse.shell.commands import commands_of

_BY_WORD = {
    re.compile("systemctl"): re.compile(
        r"(?:re)?start|stop|(?:try-)?re(?:start|load)\S*|enable|disable|(?:un)?mask|kill|set-\S+|isolate"
    ),
    re.compile("service"): re.compile(r"start|stop|restart|reload"),
    re.compile("apt|apt-get|aptitude|dnf|yum|pip3?|snap"): re.compile(
        r"install|upgrade|\S*-upgrade|remove|purge|update|reinstall"
    ),
    re.compile("ip"): re.compile(r"add|del|set|flush|change|replace"),
    re.compile("nft|ufw|firewall-cmd"): re.compile(
        r"add|delete|flush|insert|replace|deny|allow|enable|disable|--add-\S+|--remove-\S+"
    ),
    re.compile("git"): re.compile(r"pull|checkout|reset|merge|commit|push"),
    re.compile("docker|podman"): re.compile(r"(?:re)?start|stop|kill|rm|run|up|down"),
}
_ALWAYS = re.compile(
    r"kill|pkill|killall|mv|cp|ln|touch|mkdir|chmod|chown|chgrp|mount|umount|useradd|usermod|userdel|groupadd|passwd|chpasswd"
    r"|reboot|shutdown|poweroff|halt|swapon|swapoff|renice|iptables|ip6tables|install|patch|truncate|logrotate"
)
_SCRATCH = re.compile(r"/(?:tmp|run|dev/shm|var/tmp)/.|/dev/(?:null|std\w+|tty|fd/\d+)|&\d")


def first_state_change(script: str) -> str:
    """Given commands, return the first that is known to change something, as a program and a word; empty: none is."""
    for command in commands_of(script):
        if said := _change(command):
            return said
    return ""


def _change(command: Command) -> str:
    for program, words in _BY_WORD.items():
        if program.fullmatch(command.program):
            word = next((each for each in command.arguments if words.fullmatch(each)), "")
            return f"{command.program} {word}" if word else ""
    if _ALWAYS.fullmatch(command.program):
        return command.program
    written = next((file for file in command.writes if not _SCRATCH.match(file)), "")
    return f"writes {written}" if written else ""
