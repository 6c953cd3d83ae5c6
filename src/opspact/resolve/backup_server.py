"""Which host keeps copies of others, as policies name it.

Comes in: a document, the pattern for the server, the hosts that are copied. Goes out: one host's name.
"""

from collections.abc import Collection

from opspact.resolve.context import Resolving
from opspact.schema.read import Written
from opspact.schema.yaml.nodes import PathPart


def server(
    written: Written, pattern: str, hosts: Collection[str], *, at_hand: Resolving, path: tuple[PathPart, ...]
) -> str:
    """Return the one host that keeps the copies; note a problem if there are several, or if it would keep its own."""
    chosen = at_hand.hosts(written, pattern, *path)
    what = "backup" if written.document.kind == "backup" else "archive"
    if len(chosen) > 1:
        message = f'"{pattern}" is several hosts, {chosen[0]} and {chosen[1]} among them: a copy goes to one'
        at_hand.problem(written, "OP105", message, path=path, hint="name one host")
    elif chosen and chosen[0] in hosts:
        message = f"{chosen[0]} would keep its own {what}: a copy on the same host is none"
        at_hand.problem(written, "OP105", message, path=path, hint="leave it out of hosts, such as all:!backup")
    return chosen[0] if chosen else ""
