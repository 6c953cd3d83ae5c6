"""Results of inspections and backups, said: what each host spooled, and what the ledger proves of backups.

Comes in: results, evidence. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from opspact.evidence.backups import Evidence
from opspact.fleet.failures import HostLost
from opspact.jobs.collection import Result
from opspact.report.document import counted, document
from opspact.report.lines import Line, line
from opspact.text.durations import format_duration

_MEANINGS = {"ok": "good", "warning": "doubt", "unknown": "doubt", "critical": "bad", "failed": "bad"}

Answer = Result | HostLost | str
"""What running a job gave: a result, a lost host, or why there is no result."""


def result_lines(results: Iterable[Result]) -> Iterator[Line]:
    """Given results, yield a line for each, and below it what it saw."""
    for result in results:
        when = str(result.body.get("ended", ""))
        yield line(
            (f"{result.host}  ", "title"),
            (result.state, _MEANINGS.get(result.state, "bad")),
            f"  {result.kind} {result.policy}",
            (f"  {when}", "quiet"),
            hang=4,
        )
        if message := str(result.body.get("message", "")):
            yield line(message, indent=2)
        yield from _items(result)


def _items(result: Result) -> Iterator[Line]:
    items = result.body.get("items")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            state = str(item.get("state", "unknown"))
            yield line(
                (f"{state:<8}", _MEANINGS.get(state, "bad")),
                f"  {item.get('item', '')}: {item.get('message', '')}",
                indent=2,
                hang=10,
            )


def answer_lines(answers: Sequence[tuple[str, str, Answer]]) -> list[Line]:
    """Given what running jobs gave (policy, host, answer), return it for people, and how many went well."""
    lines: list[Line] = []
    for policy, host, answer in answers:
        if isinstance(answer, Result):
            lines += result_lines([answer])
        else:
            why = answer.detail if isinstance(answer, HostLost) else answer
            lines.append(line((f"{host}  ", "title"), ("did not run", "bad"), f"  {policy}: {why}", hang=4))
    return [*lines, line(), *_tally([answer for _, _, answer in answers])]


def _tally(answers: Sequence[Answer]) -> Iterator[Line]:
    states: dict[str, int] = {}
    for answer in answers:
        state = answer.state if isinstance(answer, Result) else "did not run"
        states[state] = states.get(state, 0) + 1
    told = ", ".join(f"{number:,} {state}" for state, number in states.items())
    yield line((f"{counted(len(answers), 'result')}: ", "title"), told)


def answers_json(name: str, answers: Sequence[tuple[str, str, Answer]]) -> str:
    """Given a document's name and what running jobs gave, return one JSON object."""
    return document(name, {"results": [_answer_data(*answer) for answer in answers]})


def _answer_data(policy: str, host: str, answer: Answer) -> dict[str, object]:
    if isinstance(answer, Result):
        return result_data(answer)
    why = answer.detail if isinstance(answer, HostLost) else answer
    return {"host": host, "policy": policy, "state": "did not run", "message": why}


def result_data(result: Result) -> dict[str, object]:
    """Given a result, return it as data."""
    return {
        "host": result.host,
        "policy": result.policy,
        "kind": result.kind,
        "state": result.state,
        "file": result.file,
        "result": dict(result.body),
    }


def collected_lines(results: Sequence[Result], lost: Mapping[str, HostLost]) -> list[Line]:
    """Given what was collected and the hosts lost, return it for people: counts, and everything that is not ok."""
    lines = list(result_lines(result for result in results if result.state != "ok"))
    lines += [line((f"{name}  ", "title"), ("not reached", "bad"), f"  {one.detail}") for name, one in lost.items()]
    away = f"; {counted(len(lost), 'host')} not reached" if lost else ""
    hosts = counted(len({result.host for result in results}), "host")
    return [*lines, line((counted(len(results), "new result"), "title"), f" from {hosts}{away}")]


def collected_json(results: Sequence[Result], lost: Mapping[str, HostLost]) -> str:
    """Given what was collected and the hosts lost, return one JSON object."""
    away = [{"name": name, "reach": one.reach.value, "detail": one.detail} for name, one in lost.items()]
    return document("inspect-collect", {"results": [result_data(one) for one in results], "lost": away})


def evidence_lines(evidence: Sequence[Evidence], repositories: Sequence[Result]) -> list[Line]:
    """Given the evidence of backups and of their repositories, return it for people."""
    lines: list[Line] = []
    for one in evidence:
        word = ("not proved", "bad") if one.wrong else ("proved", "good")
        age = f"  {format_duration(one.age)} old" if one.age is not None else ""
        limit = f", {format_duration(one.rpo)} allowed" if one.rpo is not None and age else ""
        lines.append(line((f"{one.host}  ", "title"), word, f"  {one.policy}{age}{limit}  {one.archive}", hang=4))
        if one.wrong:
            message = str(one.result.body.get("message", "")) if one.result else ""
            lines.append(line(f"{one.wrong}. {message}".rstrip(". ") + ".", indent=2))
            lines.append(line((str(one.origin), "quiet"), indent=2))
    lines += result_lines(repositories)
    good = sum(not one.wrong for one in evidence)
    return [*lines, line(), line((f"{good:,} of {counted(len(evidence), 'backup')} proved", "title"))]


def evidence_json(evidence: Sequence[Evidence], repositories: Sequence[Result]) -> str:
    """Given the evidence of backups and of their repositories, return one JSON object; times in seconds."""
    return document(
        "backup-status",
        {
            "backups": [
                {
                    "host": one.host,
                    "policy": one.policy,
                    "proved": not one.wrong,
                    "wrong": one.wrong,
                    "archive": one.archive,
                    "age": one.age,
                    "rpo": one.rpo,
                    "clauses": list(one.origin.clauses),
                    "result": dict(one.result.body) if one.result else None,
                }
                for one in evidence
            ],
            "repositories": [result_data(result) for result in repositories],
        },
    )
