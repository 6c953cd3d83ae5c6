"""fabric as the operators' interface, OpenSSH as the wire: tasks of a customer's fabfile over sessions of the fleet.

Comes in: a session, a fabfile, the name of a task. Goes out: what the task returned and did. May not: be loaded before
it is needed, as fabric takes long to import (`import_module("opspact.fleet.fabric.fabfile")`); connect by paramiko.
"""
