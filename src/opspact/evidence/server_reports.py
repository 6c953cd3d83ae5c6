"""What the jobs of a backup's server report against its copies of a host.

Comes in: results of one such job, and what the host itself proved. Goes out: reasons.

A run that could not look (its program died, the client kept the repository busy) takes nothing back that an earlier one
reported: else a client could hide by never letting go.
"""

from collections.abc import Iterable, Iterator, Mapping

from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.obligations.evidence import Observation
from opspact.structs import Struct


class Copies(Struct):
    """The copies of a host by one backup (its name), and the newest one that the host itself proved."""

    backup: str
    client: str
    proof: Observation | None = None


def reported_problems(results: Iterable[Result], copies: Copies) -> Iterator[str]:
    """Given the results of a job of the server, the newest first, yield what the newest that looked says against."""
    for result in results:
        seen = [item for item in result.items if item.facts.get("client", copies.client) == copies.client]
        looked = [item for item in seen if not _is_kept_out(item)]
        if looked or (result.outcome is Outcome.DONE and not seen):
            yield from (item.message or result.message for item in looked if _speaks_against(item, result, copies))
            return


def _is_kept_out(item: Item) -> bool:
    """Whether a repository could not be looked at."""
    return item.verdict is Verdict.UNKNOWN or item.facts.get("problem") == "busy"


def _speaks_against(item: Item, result: Result, copies: Copies) -> bool:
    """Whether an item says that the copies cannot be relied on.

    A sound repository in which some backup's copy is too old is critical as well. How old a copy may be, the judge
    knows: that speaks against one which the server should have seen, and has not.
    """
    found = item.facts.get("copies")
    if item.verdict is not Verdict.CRITICAL or item.facts.get("problem") or not isinstance(found, Mapping):
        return item.verdict is Verdict.CRITICAL
    if copies.proof is None or result.started is None or copies.proof.at > result.started:
        return False
    newest = found.get(copies.backup)
    return not isinstance(newest, Mapping) or newest.get("name") != copies.proof.detail
