"""Keep the promise: plan, apply, prune.

In: a compiled contract and what verify sees. Out: hosts in the promised state, and the record of it.
May not: import runbook or desk.
"""
