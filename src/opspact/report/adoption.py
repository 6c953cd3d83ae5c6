"""An adoption, shown: the policies that were written, what people must move, what is not adopted and why.

In: an adoption. Out: lines, JSON.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from opspact.report.document import document
from opspact.report.findings_text import findings_lines
from opspact.report.lines import Line, line
from opspact.rollout.adoption.adoption import Adoption
from opspact.rollout.adoption.host_state import FoundCronJob
from opspact.rollout.adoption.proposal import NotAdopted
from opspact.text.counts import format_count
from opspact.text.names import list_names

_MOST = 50
"""Things of a sort that are named in text; JSON has them all."""


def adoption_lines(adoption: Adoption, *, folder: str, width: int | None = None) -> Iterator[Line]:
    """Given an adoption and where its files are, yield it for people."""
    for path in (path for path in adoption.files if path not in adoption.proposed):
        policies = [f"{each.kind}/{each.name}" for each in adoption.policies.get(path, ())]
        yield line((f"{folder}/{path}  ", "title"), list_names(policies, _MOST), hang=4)
    if adoption.policies:
        checks = format_count(adoption.checked, "check")
        yield line(("verified", "good"), f": what these policies want is so on the hosts: {checks} ok")
    else:
        yield line("nothing to adopt: no policy was written")
    yield from _section("to complete and to move into policies/", _proposed_lines(adoption, folder))
    yield from _section("to move by hand (no policy says what jobs of cron do)", _cron_lines(adoption.cron_jobs))
    yield from _section("not adopted", _missed_lines(adoption.not_adopted))
    yield from _section("not read", (line((f"{host}  ", "title"), why) for host, why in adoption.lost.items()))
    if adoption.findings:
        yield line()
        yield line(("check says of these policies:", "title"))
        yield from findings_lines(adoption.findings, width=width)


def _proposed_lines(adoption: Adoption, folder: str) -> Iterator[Line]:
    for path, inside in adoption.proposed.items():
        names = list_names([f"{each.kind}/{each.name}" for each in inside], _MOST)
        stays = "" if path in adoption.files else " (it was there before and stays; delete it to have it written again)"
        yield line((f"{folder}/{path}  ", "title"), names, (stays, "quiet"))


def _section(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    found = list(lines)
    if not found:
        return
    yield line()
    yield line((f"{title}:", "title"))
    yield from (Line(each.parts, each.indent + 2, 4) for each in found[:_MOST])
    if len(found) > _MOST:
        yield line((f"and {len(found) - _MOST:,} more: use --format json to list all", "quiet"), indent=2)


def _cron_lines(jobs: Mapping[str, Iterable[FoundCronJob]]) -> Iterator[Line]:
    by_job: dict[FoundCronJob, list[str]] = defaultdict(list)
    for host, found in jobs.items():
        for job in found:
            by_job[job].append(host)
    for job, hosts in by_job.items():
        place = f"{job.path}:{job.line}" if job.line else job.path
        who = f" as {job.user}" if job.user else ""
        yield line((f"{place}  ", "title"), f"{job.schedule}{who}: {job.program}  ", (list_names(hosts), "quiet"))


def _missed_lines(missed: Iterable[NotAdopted]) -> Iterator[Line]:
    by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in missed:
        by_reason[(each.what, each.why)].append(each.host)
    for (what, why), hosts in by_reason.items():
        yield line((f"{what}  ", "title"), (list_names(hosts), "quiet"), f": {why}")


def adoption_json(adoption: Adoption) -> str:
    """Given an adoption, return it for scripts."""
    return document(
        "adopt",
        {
            "files": list(adoption.files),
            "policies": [
                {"kind": each.kind, "name": each.name, "hosts": each.data.get("hosts"), "file": path}
                for path, inside in adoption.policies.items()
                for each in inside
            ],
            "proposed": [
                {"kind": each.kind, "name": each.name, "hosts": each.data.get("hosts"), "file": path}
                for path, inside in adoption.proposed.items()
                for each in inside
            ],
            "checked": adoption.checked,
            "to_move": [
                {
                    "host": host,
                    "path": job.path,
                    "line": job.line,
                    "user": job.user,
                    "schedule": job.schedule,
                    "program": job.program,
                }
                for host, jobs in adoption.cron_jobs.items()
                for job in jobs
            ],
            "not_adopted": [{"what": each.what, "host": each.host, "why": each.why} for each in adoption.not_adopted],
            "not_read": [{"host": host, "why": why} for host, why in adoption.lost.items()],
            "findings": [
                {"code": each.code, "severity": each.severity.value, "policy": each.policy, "message": each.message}
                for each in adoption.findings
            ],
        },
    )
