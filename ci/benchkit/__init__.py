"""The benchmark: opspact beside its peers, measured in one run on the lab's hosts.

In: options of `ci/bench`. Out: a table with ratios, on the terminal and in docs/performance.md. Runs in the
project's own environment; the peers run in one of theirs (`peers`).
"""
