"""Statistics of quality: control charts, Pareto charts, sampling. Pure functions.

In: numbers. Out: charts and plans as data. May not: change anything; reach a host or the ledger.
"""
