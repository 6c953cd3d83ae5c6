"""The kind `data_care`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.data_care import DataCare
from opspact.resolve.backup_server import resolve_server
from opspact.resolve.context import DocumentContext
from opspact.resolve.escrow import resolve_escrow
from opspact.schema import kinds


def resolve_data_care(document: kinds.DataCare, context: DocumentContext) -> DataCare:
    """Given data care as written, return its meaning; an archive on the host that it empties is refused."""
    hosts = context.hosts(document.hosts, "hosts")
    return DataCare(
        name=document.name,
        hosts=hosts,
        database=document.database.postgresql,
        table=document.select.table,
        column=document.select.column,
        older_than=document.select.older_than,
        server=resolve_server(document.archive.to, hosts, "archive", "to", what="archive", context=context),
        keep=document.archive.keep,
        passphrase=document.archive.passphrase,
        escrow=resolve_escrow(document.archive.escrow, "archive", "escrow", name=document.name, context=context),
        schedule=document.when.schedule,
        free_below=document.when.or_free_below,
        takes=document.takes,
        batch=document.batch,
        origin=context.origin(),
    )
