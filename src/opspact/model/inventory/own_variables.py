"""The variables of hosts that opspact itself gives a meaning.

Comes in: nothing. Goes out: their names.
"""

PREFIX = "opspact_"
SITE, STORAGE = "opspact_site", "opspact_storage"
SERVER_ADDRESS = "opspact_address"
"""At which address other hosts reach this one, where that is not `ansible_host`."""
BACKUPS_AT_ONCE = "opspact_backups_at_once"
"""How many backups a server accepts at the same time."""
REHEARSAL = "opspact_rehearsal"
"""Whether a host is there to be broken: faults of drills are made on such hosts alone."""
NAMES = (SITE, STORAGE, SERVER_ADDRESS, BACKUPS_AT_ONCE, REHEARSAL)
