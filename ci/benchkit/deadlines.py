"""A million deadlines on one core, on the reference contract's own desk calendar.

In: nothing. Out: a measured run. No lab is needed; run as a program, it is what is
measured.
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchkit.timing import Program, Run
from opspact.model.time.calendar import due
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.values.duration import Duration

COUNT = 1_000_000
_ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path) -> Run:
    """Given a folder to run in, measure a million deadlines in a process of their own, from the start of Python."""
    environment = {"PYTHONPATH": str(_ROOT / "ci")}
    return Program([sys.executable, "-m", "benchkit.deadlines"], folder, environment).run()


def work() -> None:
    """Find a million deadlines: reports at any second of three quarters of a year, budgets of up to two weeks."""
    calendar = resolve(read_tree(_ROOT)).calendars["desk-5x8"]
    random_ = random.Random(2026)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    reports = [start + timedelta(seconds=random_.randrange(270 * 86400)) for _ in range(1000)]
    budgets = [Duration.from_time("business", timedelta(minutes=random_.randrange(1, 80 * 60))) for _ in range(1000)]
    latest = max(due(calendar, report, budget) for report in reports for budget in budgets)
    print(f"{COUNT:,} deadlines, the latest on {latest}")


if __name__ == "__main__":
    work()
