"""What it means: frozen dataclasses that every later part reads.

In: documents from schema (through resolve alone). Out: a contract of hosts, schedules and steps.
May not: be mutable, or read the clock.
"""
