"""Documents → contract: the only bridge from what is written to what it means, one file per kind.

In: documents, an inventory, files. Out: a frozen contract, or every problem at once. May not: touch network or clock.
"""
