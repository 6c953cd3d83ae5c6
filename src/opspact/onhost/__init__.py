"""The small programs placed on hosts, standard library only.

In: their own configuration files on the host. Out: results spooled as JSON on the host.
Read by compile as text, never imported by it. May not: need anything but the host's python3.
"""
