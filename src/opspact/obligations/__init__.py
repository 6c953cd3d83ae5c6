"""What a contract owes in time, and the one judge of it.

In: obligations, evidence, the time. Out: judgements. May not: reach a host, the ledger or the clock.
"""
