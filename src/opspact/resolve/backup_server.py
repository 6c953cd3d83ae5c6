"""Which host keeps copies of others, as policies name it.

Comes in: the pattern for the server, the hosts that are copied, the context of the policy. Goes out: one host's name.
"""

from collections.abc import Collection

from opspact.resolve.context import DocumentContext
from opspact.schema.yaml.nodes import PathPart


def resolve_server(pattern: str, hosts: Collection[str], *path: PathPart, what: str, context: DocumentContext) -> str:
    """Given a pattern and the hosts whose copies (`what`: a backup, an archive) go there, return the one it chooses.

    Note a problem if it chooses several hosts, or one that would keep its own copies.
    """
    chosen = context.hosts(pattern, *path)
    if len(chosen) > 1:
        message = f'"{pattern}" is several hosts, {chosen[0]} and {chosen[1]} among them: a copy goes to one'
        context.problem("OP105", message, *path, hint="name one host")
    elif chosen and chosen[0] in hosts:
        message = f"{chosen[0]} would keep its own {what}: a copy on the same host is none"
        context.problem("OP105", message, *path, hint="leave it out of hosts, such as all:!backup")
    return chosen[0] if chosen else ""
