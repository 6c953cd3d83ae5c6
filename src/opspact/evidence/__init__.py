"""What was seen, gathered for the judge from the ledger.

In: a ledger, a contract, the time. Out: evidence. May not: know who calls; reach a host.
"""
