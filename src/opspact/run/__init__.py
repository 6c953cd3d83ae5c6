"""Runs: stages as data, their borders in the ledger, a lease with a fencing token per host, resume.

In: stages. Out: what was carried out. May not: know who calls.
"""
