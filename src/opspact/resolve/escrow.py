"""The escrow of a passphrase: from the part of a document to its meaning.

Comes in: the part, where it is written, the context of the policy. Goes out: its meaning; problems are noted.
"""

from opspact.model.escrow import Escrow
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor
from opspact.schema import escrow as written_escrow


def resolve_escrow(
    escrow: written_escrow.Escrow | None, *path: str, name: str, context: DocumentContext
) -> Escrow | None:
    """Given an escrow as written (None: there is none), return its meaning. `name`: its policy's."""
    if escrow is None:
        return None
    refer_to_actor(escrow.holder, *path, "holder", context=context)
    chosen = context.hosts(escrow.host, *path, "host") if escrow.host else ()
    return Escrow(
        where=complete_text(escrow.where, name),
        host=chosen[0] if chosen else "",
        holder=escrow.holder,
        schedule=escrow.checked,
    )
