"""What people see of log reviews: exactly the words of `screens/logs-show.txt`, whatever strangers wrote into logs.

`OPSPACT_ACCEPT=1` writes the words down as they are now.
"""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from building import tree
from ledgers import context
from narrow import unfit
from recorded import History, assessed

from opspact.compile.build import build
from opspact.evidence.log_baseline import due_baselines
from opspact.evidence.log_reports import LogReports
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.review_events import LogsReviewed
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Verdict
from opspact.report.line_breaks import wrapped
from opspact.report.lines import plain
from opspact.report.log_review import LogReport, log_json, log_lines
from opspact.resolve.contract import resolve

SCREEN = Path(__file__).parent / "screens" / "logs-show.txt"
DAY = timedelta(days=1)
BEGIN = datetime(2026, 2, 1, 22, 0, tzinfo=UTC)
JOB = "log_review/daily"
REVIEW = (
    "kind: log_review\nname: daily\nhosts: web\nschedule: daily at 06:00\nsources: [logins, sudo]\n"
    "baseline: {learn: 7 days}\nread_by: operations\n"
)
HOSTILE = '"x\x1b[2J\u202e from 9.9.9.9\nroot"'


def item(kind: str, subject: str, verdict: Verdict, *, message: str, **facts: object) -> Item:
    return Item(item=kind, subject=subject, verdict=verdict, message=message, facts=facts)


def ops(at: datetime, network: str) -> Item:
    text = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    said = f"last login {text} from {network[:-4]}9 by publickey SHA256:one; 1 login, 1 sudo command."
    logins = [[text, f"{network[:-4]}9", "publickey SHA256:one"], "no login", [text, 7]]
    commands = [[text, "root", "/usr/bin/tee /etc/motd\x1b]0;gone\x07"]]
    used = {"first": text, "networks": {network: text}, "keys": {"SHA256:one": text}, "unlisted": {text: 30, "": "x"}}
    return item("account", "ops", Verdict.OK, message=said, logins=logins, commands=commands, **used)


def shown(folder: Path) -> LogReport:
    """Return reports of a host after its baseline, of one that still learns."""
    resolved = resolve(tree(REVIEW))
    with open_ledger(folder / "ledger.sqlite") as ledger:
        history = History(ledger, resolved, build(resolved, day=date(2026, 3, 2)))
        history.applied(BEGIN - DAY / 4)
        history.result(JOB, "app1", BEGIN, items=(ops(BEGIN, "192.0.2.0/24"),))
        history.result(JOB, "app1", BEGIN + 8 * DAY)
        history.record(LogsReviewed(JOB, "app1", "wang-fang", "5f3c", 2, "all as usual"), BEGIN + 8 * DAY + DAY / 6)
        text = f"{HOSTILE} tried 7 accounts."
        gap = "From 2026-02-10T01:00:00Z to 2026-02-10T02:00:00Z: 9 entries are missing."
        found = (
            item("many users", HOSTILE, Verdict.WARNING, message=text, id="0123456789ab"),
            item("log gap", "vacuum 2026-02-10T02:00:00Z", Verdict.UNKNOWN, message=gap),
            ops(BEGIN + 9 * DAY - DAY / 4, "198.51.100.0/24"),
            item("failed logins", "by address", Verdict.OK, message="Failed logins by address: 198.51.100.9 (12)."),
        )
        facts = {"entries": 1234, "from": "2026-02-09T22:00:00Z", "through": "2026-02-10T22:00:01Z"}
        history.result(JOB, "app1", BEGIN + 9 * DAY, verdict=Verdict.WARNING, items=found, facts=facts)
        ledger.record_all(due_baselines(resolved, ledger), context=context(BEGIN + 9 * DAY, contract=resolved.name))
        reports = LogReports(resolved, RecordedEvents(resolved.name, ledger))
        hosts = [reports.of(JOB, host) for host in ("app1", "app2")]
        judged = assessed(history, BEGIN + 9 * DAY + DAY / 4).of_policy(JOB)
    return LogReport(resolved, [(each, [each.made] if each.made else []) for each in hosts], judged)


def test_a_report_has_exactly_these_words_and_nothing_that_steers_a_terminal(tmp_path: Path) -> None:
    words = plain(log_lines(shown(tmp_path)))
    assert {"\x1b", "\u202e", "\x07"} & set(words) == set()
    if os.environ.get("OPSPACT_ACCEPT"):
        SCREEN.write_text(words, encoding="utf-8")
    assert words == SCREEN.read_text(encoding="utf-8")


def test_a_report_fits_a_terminal_of_44_columns(tmp_path: Path) -> None:
    for one in log_lines(shown(tmp_path)):
        assert unfit(wrapped([one], 44), one.text, 44) == []


def test_scripts_read_the_same_without_raw_control_characters(tmp_path: Path) -> None:
    text = log_json(shown(tmp_path))
    assert {"\x1b", "\x07"} & set(text) == set()
