"""`python -m opspact`, the same program as `opspact`."""

from opspact.cli.main import run

run()
