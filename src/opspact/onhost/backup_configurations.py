"""The configurations of borgmatic on a host.

In: nothing. Out: paths and texts, in which secrets are; who asks keeps none of these. A part of the program that says
what a host has (`host_state`).
"""

from __future__ import annotations

from pathlib import Path

from opspact.onhost.package_files import LARGEST_FILE, content_of
from opspact.onhost.sudo_rules import ETC

PLACES = ("borgmatic/config.yaml", "borgmatic.d/*.yaml", "borgmatic.d/*.yml")


def backup_configurations() -> list[dict[str, str]]:
    """Return the configurations, in order of their paths."""
    found = sorted({path for place in PLACES for path in Path(ETC).glob(place)})
    texts = ((str(path), content_of(str(path)) or b"") for path in found)
    return [
        {"path": path, "text": data.decode("utf-8", "replace")} for path, data in texts if len(data) <= LARGEST_FILE
    ]
