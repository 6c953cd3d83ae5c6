"""Events of the ledger, said in a line each.

Comes in: events. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Mapping

from opspact.ledger.event import Event, Head, time_text
from opspact.report.document import counted, document
from opspact.report.lines import Line, line

_SHORT = 12


def event_lines(events: Iterable[Event]) -> Iterator[Line]:
    """Given events, yield a line for each: number, time (UTC), who, what, from which commit, and what came of it."""
    for event in events:
        commit, plus, _ = event.commit.partition("+")
        yield line(
            (f"{event.sequence:>6}  ", "quiet"),
            f"{time_text(event.at)[:19]}Z  ",
            (f"{event.kind}  ", "title"),
            "  ".join(part for part in (event.actor, commit[:_SHORT] + plus, _what(event.body)) if part),
            hang=8,
        )


def _what(body: Mapping[str, object]) -> str:
    """Return what an event's body comes to in a few words."""
    hosts = body.get("hosts")
    said = [counted(len(hosts), "host")] if isinstance(hosts, Mapping) else []
    if isinstance(body.get("kept"), bool):
        said.append("kept" if body["kept"] else "not kept")
    said += [str(body[name]) for name in ("host", "policy") if isinstance(body.get(name), str)]
    result = body.get("result")
    if isinstance(result, Mapping) and "state" in result:
        said.append(str(result["state"]))
    return ", ".join(said)


def events_json(events: Iterable[Event]) -> str:
    """Given events, return one JSON object with all of them, as they are sealed."""
    return document("ledger-show", {"events": [event.as_json() for event in events]})


def head_json(name: str, count: int, head: Head) -> str:
    """Given a document's name, a count of events and the head, return one JSON object."""
    return document(name, {"events": count, "head": str(head)})
