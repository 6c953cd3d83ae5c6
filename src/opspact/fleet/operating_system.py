"""Which operating systems opspact can work on, and how a host says which one it is.

Comes in: what os-release(5) of a host says. Goes out: why it is refused, if it is.
"""

import re

from opspact.steps.operating_system import FAMILIES

OS_RELEASE = "/etc/os-release"

_ANSWER = re.compile(r"([^/\n]*)/ *([^\n]*)\n?")


def question(word: str) -> str:
    """Given a word, return the shell that prints it and, after it, which operating system this is; nothing else."""
    return rf"( . {OS_RELEASE} && echo {word} \$ID \$ID_LIKE / \$PRETTY_NAME ) 2>/dev/null"


def refusal(word: str, said: bytes) -> str:
    """Given that word and what was printed, return why opspact does not work there; empty: it does."""
    _, _, rest = f"\n{said.decode('utf-8', 'replace')}".partition(f"\n{word} ")
    answer = _ANSWER.match(rest)
    if not answer:
        return f"{OS_RELEASE} does not name it"
    identifiers = answer[1].split()
    if not FAMILIES.keys().isdisjoint(identifiers):
        return ""
    name = answer[2].strip() or " ".join(identifiers[:1]) or "it has no name"
    return f"{name}: opspact manages hosts with Debian and systems derived from it"
