"""Can it be kept? Rules, one small function each, in a registry.

In: a contract. Out: findings. May not: run anything.

Empty until the proofs of the contract are built; what makes a contract unreadable is refused by schema and model.
"""
