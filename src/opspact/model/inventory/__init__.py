"""Hosts and groups, the patterns that choose among them, and where they stand."""
