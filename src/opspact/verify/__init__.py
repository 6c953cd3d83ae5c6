"""Verify: every step asserted with testinfra over the fleet's sessions.

In: steps per host. Out: ok, failed or unknown for every one of them. The only importer of testinfra.
May not: trust the ledger, or apply.
"""
