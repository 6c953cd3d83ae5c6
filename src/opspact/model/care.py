"""What is done to data and when nothing may be: data care, code tables, log reviews and windows, as they are meant.

Comes in: values from `model.resolve_care`. Goes out: frozen values, held by the contract.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Care:
    """All of it in one contract."""
