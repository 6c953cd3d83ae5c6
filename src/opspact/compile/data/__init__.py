"""Texts that compile puts into every project as they are.

Comes in: nothing. Goes out: files, read by importlib.resources. May not: be imported by opspact.
"""
