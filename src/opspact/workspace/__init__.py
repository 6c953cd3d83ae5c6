"""A contract's folder and its commits: what is read there, compiled for a day.

In: a folder. Out: a compiled contract. May not: know who calls.
"""
