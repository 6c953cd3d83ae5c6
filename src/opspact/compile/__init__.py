"""What will be done: contract → steps per host → shapes → the text of an Ansible project.

In: a contract. Out: text, byte for byte the same for the same input.
May not: touch the world; no subprocess, no clock, no network.
"""
