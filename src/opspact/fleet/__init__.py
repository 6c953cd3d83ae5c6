"""Reach the hosts: one session per host, Ansible runs, locks.

In: hosts and commands. Out: results of commands. The only importer of ansible_runner. May not: decide what to do.
"""
