"""Scheduled jobs of hosts: run one now, collect the results that wait.

In: sessions, jobs. Out: results. May not: judge them; know who calls.
"""
