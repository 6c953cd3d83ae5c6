"""The kind `log_review`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.log_review import LogReview
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_log_review(document: kinds.LogReview, context: DocumentContext) -> LogReview:
    """Given a review of logs as written, return its meaning."""
    calendar = document.off_hours.calendar if document.off_hours else ""
    if calendar:
        context.refer("calendar", calendar, "off_hours", "calendar")
    if document.read_by:
        context.refer(("team", "person"), document.read_by, "read_by")
    return LogReview(
        name=document.name,
        hosts=context.hosts(document.hosts, "hosts"),
        schedule=document.schedule,
        sources=document.sources,
        off_hours=calendar,
        failed_logins=document.failed_logins,
        failures_then_success=document.failures_then_success,
        many_users=document.many_users,
        learn=document.baseline.learn,
        dormant_after=document.dormant_after,
        passwords=document.passwords == "allowed",
        root_logins=document.root_logins == "allowed",
        accounts_ignored=document.accounts_ignored,
        read_by=document.read_by or "",
        origin=context.origin(),
    )
