"""Bring data and hosts back: restore, restore tests, rebuild.

In: backups, policies. Out: runs and their evidence. May not: know the other packages of its layer.
"""
