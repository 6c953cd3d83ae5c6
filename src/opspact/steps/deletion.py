"""Taking a file or a link away, and nothing else that may stand in its place by then.

Comes in: a path. Goes out: a task. Why: Ansible's own `state: absent` deletes a directory with all that is in it, and
somebody may have put one where our file was.
"""

from shlex import quote

from opspact.steps.base import Task


def delete(name: str, path: str) -> Task:
    """Given a task's name and a path, return the task that deletes the file or the link there, and leaves all else."""
    word = quote(path)
    script = f"if [ -f {word} ] || [ -h {word} ]; then rm -f -- {word}; fi"
    return Task(name, "ansible.builtin.shell", {"cmd": script, "executable": "/bin/sh"}, {"changed_when": True})
