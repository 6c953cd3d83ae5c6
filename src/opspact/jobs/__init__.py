"""Scheduled jobs of hosts: run one now, collect the results that wait.

In: sessions, jobs, the ledger. Out: results, recorded. May not: judge them; know who calls.
"""
