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
        message = (
            f'"{pattern}" matches several hosts, such as {chosen[0]} and {chosen[1]}; a backup goes to exactly one'
        )
        context.problem("OP105", message, *path, hint="use one host")
    elif chosen and chosen[0] in hosts:
        message = f"{chosen[0]} would store its own {what}; a copy on the same host does not protect it"
        context.problem("OP105", message, *path, hint="exclude it from hosts, such as all:!backup")
    return chosen[0] if chosen else ""
