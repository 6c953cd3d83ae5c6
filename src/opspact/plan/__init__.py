"""The difference of two lists of steps, and manifests: what opspact manages on a host.

In: steps, checks, manifests. Out: plans. May not: reach a host.
"""
