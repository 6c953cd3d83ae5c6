"""The step kinds, one file each: what is wanted, how it is made, removed and checked.

In: wanted facts from compile. Out: tasks as data, and differences seen through a testinfra host.
May not: import testinfra or Ansible; a host is known here by its protocol alone.
"""
