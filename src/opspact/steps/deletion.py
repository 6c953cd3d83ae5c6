"""Deleting a file or a link, and nothing else that may be in its place by then.

In: a path. Out: a task. Why: Ansible's own `state: absent` deletes a directory with all that is in it, and
somebody may have put one where our file was.
"""

from shlex import quote

from opspact.steps.base import Task


def delete(name: str, path: str) -> Task:
    """Given a task's name and a path, return the task that deletes the file or the link there, and nothing else."""
    word = quote(path)
    script = f"if [ -f {word} ] || [ -h {word} ]; then rm -f -- {word}; fi"
    return Task(name, "ansible.builtin.shell", {"cmd": script, "executable": "/bin/sh"}, {"changed_when": True})
