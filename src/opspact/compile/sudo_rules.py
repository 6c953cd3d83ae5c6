"""Commands of access policies, as rules of sudo have them.

Comes in: access policies. Goes out: texts.
"""

import re

from opspact.model.policies.access import Access


def sudo_commands(access: Access) -> list[str]:
    """Given an access policy, return its commands as sudoers(5) reads them."""
    return [_command(command) for command in access.sudo]


def _command(command: str) -> str:
    """Given a command line, return it as sudoers(5) reads it: exactly these arguments, or none at all."""
    if command == "ALL":
        return command
    program, _, arguments = command.partition(" ")
    escaped = re.sub(r"([\\,:=])", r"\\\1", arguments) if arguments else '""'
    return f"{program} {escaped}"
