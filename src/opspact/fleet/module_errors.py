"""What a module of Ansible says when it fails, as one line: never a traceback of Ansible or of mitogen.

Comes in: a message as it is. Goes out: the reason in it: what the operating system said, of which file.
"""

import re

_TRACEBACK = re.compile(r'Traceback \(most recent call last\)|\n  File "')  # mitogen's stacks begin without the words
_ERROR = re.compile(r"^\s*(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning))(?:: (.*))?$", re.MULTILINE)
_QUOTED = r"""b?'[^'\n]*'|b?"[^"\n]*\""""
_SYSTEM = re.compile(rf"\[Errno \d+\] (?P<said>[^:>)\n]+)(?:: (?P<first>{_QUOTED})(?: -> (?P<then>{_QUOTED}))?)?")
_OF_ANSIBLE = re.compile(r"/\.ansible_tmp[^/]*$")
_BEFORE = re.compile(r"^(?:Task failed: )?(?:Module failed: )?")


def reason_of(message: str, exception: str = "") -> str:
    """Given a failed task's message, and the traceback that came beside it, return the reason.

    What the operating system said stands first: `No space left on device: /srv`. A message without a traceback and
    without such words is returned as it is.
    """
    if found := _last(_SYSTEM, message) or _last(_SYSTEM, exception):
        reason = f"{found['said'].strip()}{_place(found['then'] or found['first'])}"
        if "[Errno" not in message:
            return f"{message.strip()} ({reason})"
        if found["first"] or _TRACEBACK.search(message):
            return reason
    stack = _TRACEBACK.search(message)
    if stack is None:
        return _BEFORE.sub("", message)
    error = _last(_ERROR, message)
    if error is None:
        return message[: stack.start()].strip(" :\n") or "the module failed"
    return f"{error[1]}: {error[2]}" if error[2] else str(error[1])


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the last match: what follows from an error is said after it, and the last one was given up at."""
    return next(iter(reversed(list(pattern.finditer(text)))), None)


def _place(written: str | None) -> str:
    """Return a file as Python wrote it, as people write it; a file of Ansible's own stands for its folder."""
    if written is None:
        return ""
    return f": {_OF_ANSIBLE.sub('', written.removeprefix('b')[1:-1]) or '/'}"
