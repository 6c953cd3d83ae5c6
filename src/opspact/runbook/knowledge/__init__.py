"""The knowledge base: runbooks and emergencies, found by what people see.

In: entries, a query. Out: matches, the most likely first. May not: reach a host, write anything.
"""
