"""The escrow of a passphrase, as a policy writes it: where a copy of it lies, never the passphrase itself.

Comes in: one mapping. Goes out: a frozen part, a field of the kinds whose copies are encrypted.
"""

from pydantic import Field

from opspact.schema.direction import RARER
from opspact.schema.fields import HostName, Name, Part, Text, When


class Escrow(Part):
    """Where a copy of the passphrase is kept, and who checks that it opens the repository."""

    where: Text = Field(
        description="the place where the copy is kept; never the passphrase itself",
        examples=[{"zh": "甲方保险柜, 信封7号", "en": "safe of the customer, envelope 7"}],
    )
    host: HostName | None = Field(
        default=None,
        description="the inventory host that has the copy, if one has it; not a protected host or its server",
        examples=["vault1"],
    )
    holder: Name = Field(description="the team or person that keeps and checks it", examples=["zhang-wei"])
    checked: When = Field(
        json_schema_extra=RARER,
        description="when the holder checks that the copy opens the repository, and records it",
        examples=["quarterly on day 10 at 10:00"],
    )
