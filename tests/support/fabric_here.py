"""A connection of fabric's whose host is this machine: everything that does not need a network is the same."""

from opspact.fleet.connection import Connection as Way
from opspact.fleet.connection import Settings
from opspact.fleet.fabric.connection import Connection
from opspact.fleet.session import Session

LIMIT = 8 * 1024 * 1024
HERE = Way("here", (), become=False)


def connected(way: Way = HERE, settings: Settings | None = None) -> Connection:
    """Return a connection; commands show nothing, and nobody sits at the keyboard."""
    made = Connection(Session(way, settings or Settings(output_limit=LIMIT)))
    made.config.run.in_stream = False
    made.config.run.hide = True
    return made
