"""Can it be kept? Rules, one small function each, in a registry.

In: a contract, a day, what was measured, the contract before. Out: findings. May not: run anything.
"""
