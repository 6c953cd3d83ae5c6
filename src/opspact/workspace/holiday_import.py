"""An official list of holidays on its way into a calendar of the contract.

Comes in: the policy file with the calendar, what was announced. Goes out: the file's new bytes, the days that change.
"""

from datetime import date, timedelta
from pathlib import Path

from opspact.errors import Refused
from opspact.model.time.calendar import Calendar
from opspact.model.time.difference import DayChange, day_changes
from opspact.model.time.official_year import OfficialYear, last_in_a_row
from opspact.resolve.calendar import calendars_in
from opspact.schema import kinds
from opspact.schema.announcements.policy_text import HolidayChange, with_announcement
from opspact.schema.announcements.reader import Announcement
from opspact.schema.contract_files import read_tree
from opspact.schema.read import read_documents, read_policies
from opspact.structs import Struct, replace
from opspact.text.suggestions import did_you_mean
from opspact.workspace.policy_file import PolicyFile, open_policy


class HolidayImport(Struct):
    """A year's holidays for a calendar: as it is and as it will be, the file's new text, the days that change."""

    announcement: Announcement
    policy: PolicyFile
    before: Calendar
    after: Calendar
    content: bytes
    changes: tuple[DayChange, ...]

    @property
    def is_known_already(self) -> bool:
        """Whether the policy says all of it already, with this source."""
        return self.content == self.policy.content


def policy_of(folder: Path, calendar: str) -> PolicyFile:
    """Given a contract's folder and a calendar's name, return the policy file that it stands in.

    Raise Refused when the policies are wrong, there is no such calendar, or the file cannot be edited.
    """
    found = {
        located.document.name: located.place.file
        for located in read_policies(read_tree(folder))
        if isinstance(located.document, kinds.Calendar)
    }
    if calendar not in found:
        hint = did_you_mean(calendar, found)
        raise Refused(f'--calendar: unknown calendar "{calendar}"', hint=hint)
    return open_policy(folder / found[calendar], found[calendar])


def calendar_in(policy: PolicyFile, name: str | None) -> Calendar:
    """Given a policy file and a calendar's name (None: the only one in it), return it. Raise Refused if it is wrong."""
    found = calendars_in(read_documents(policy.shown, policy.content))
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is None or name not in found:
        what = f"several calendars: {', '.join(found)}" if found else "no calendar"
        raise Refused(f"--calendar: {policy.shown} contains {what}", hint="use a file with one calendar, or a name")
    return found[name]


def prepare_import(policy: PolicyFile, before: Calendar, announcement: Announcement) -> HolidayImport:
    """Given a policy file, the calendar in it and what was announced, return what an import would do.

    Raise Refused when the file cannot be edited, or would not be right afterwards.
    """
    year = OfficialYear(announcement.year, announcement.off, announcement.worked, announcement.source)
    official = (*(other for other in before.official if other.year != year.year), year)
    known_through = _raised(before, official, year.year)
    content, after = policy.content, before
    if year not in before.official or known_through is not None:
        edit = HolidayChange(announcement, known_through)
        content = with_announcement(policy.shown, policy.content, before.name, edit=edit)
        after = calendar_in(replace(policy, content=content), before.name)
    changes = day_changes(before, after, _days(year.year), names=announcement.names)
    return HolidayImport(announcement, policy, before, after, content, changes)


def _raised(before: Calendar, official: tuple[OfficialYear, ...], year: int) -> date | None:
    """Return what `known_through` must become for a new year to count; None: it stays.

    It is raised over years that follow each other only: nothing is known after a year that is missing. Without a
    country, the days before the official years are those that the policy says it knows.
    """
    years = {other.year for other in official}
    end = date(last_in_a_row(years, year), 12, 31)
    if before.known_through is None or before.known_through >= end:
        return None
    if not before.country:
        first = next(each for each in range(year, 0, -1) if each - 1 not in years)
        return end if before.known_through >= date(first - 1, 12, 31) else None
    known = Calendar(before.name, before.zone, country=before.country, official=official).known
    return end if known is None or known >= end else None


def _days(year: int) -> list[date]:
    """Return the days that a list may name: the year's, and the December before."""
    first, last = date(year - 1, 12, 1), date(year, 12, 31)
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
