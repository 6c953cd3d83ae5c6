"""The service desk: cases, clocks, ladders, notices.

In: events and policies. Out: deadlines and notices. May not: import rollout or runbook.

Empty until the desk is built.
"""
