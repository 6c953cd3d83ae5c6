"""Statistics of quality: control charts, usual weeks. Pure functions.

In: numbers, tables. Out: charts as data. May not: change anything; reach a host or the ledger.
"""
