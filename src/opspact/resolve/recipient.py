"""Recipients: a roster, a team or a person that policies name.

Comes in: a recipient as written, where it is written, the context of the policy. Goes out: its meaning.
"""

from opspact.model.policies.ladder import Recipient
from opspact.resolve.context import DocumentContext
from opspact.schema.values.recipients import Told
from opspact.schema.yaml.nodes import PathPart


def resolve_recipient(written: Told, *path: PathPart, context: DocumentContext) -> Recipient:
    """Given a recipient as written, return its meaning; note the reference."""
    context.refer(written.kind, written.name, *path)
    return Recipient(written.kind, written.name)
