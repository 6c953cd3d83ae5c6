"""Rules about hosts: patterns, coverage, services and devices."""
