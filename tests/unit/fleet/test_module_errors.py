"""What modules said on full, read-only and immutable files: recorded from ansible-core 2.19, plain and by mitogen."""

import pytest

from opspact.fleet.module_errors import reason_of

FULL_BY_MITOGEN = """\
Module result deserialization failed: No start of json char found: Traceback (most recent call last):
  File "master:/venv/site-packages/ansible/module_utils/basic.py", line 1780, in atomic_move
    shutil.copy(b_src, b_tmp_dest_name)
  File "/usr/lib/python3.11/shutil.py", line 144, in _fastcopy_sendfile
    sent = os.sendfile(outfd, infd, offset, blocksize)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
OSError: [Errno 28] No space left on device: b'/root/.ansible/tmp/a/.source' -> b'/srv/full/.ansible_tmp5az4kni7a'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "master:/venv/site-packages/ansible_mitogen/runner.py", line 1062, in _run
    self._run_code(code, mod)
ansible.module_utils.errors.AnsibleModuleError: Failed to replace '/srv/full/a'
"""
FULL_BY_ANSIBLE = (
    "Task failed: Module failed: Failed to replace '/srv/full/a' with b'/root/.source': [Errno 28] No space left on "
    "device: b'/root/.source' -> b'/srv/full/.ansible_tmpos9c9n2ea'"
)
READ_ONLY_BY_MITOGEN = """\
Module result deserialization failed: No start of json char found: Traceback (most recent call last):
  File "master:/venv/site-packages/ansible/module_utils/basic.py", line 1745, in atomic_move
    os.rename(b_src, b_dest)
OSError: [Errno 18] Invalid cross-device link: b'/root/.ansible/tmp/m/tmpj0fmbi6r' -> b'/srv/ro/l2'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/usr/lib/python3.11/tempfile.py", line 395, in _mkstemp_inner
    fd = _os.open(file, flags, 0o600)
OSError: [Errno 30] Read-only file system: b'/srv/ro/.ansible_tmpx195jvg0l2'
"""
IMMUTABLE_BY_MITOGEN = """\
Module result deserialization failed: No start of json char found: Traceback (most recent call last):
  File "master:/venv/site-packages/ansible/module_utils/basic.py", line 903, in set_mode_if_different
    os.chmod(b_path, mode)
PermissionError: [Errno 1] Operation not permitted: b'/srv/it is/f'
"""
FULL_WHERE_MITOGEN_WRITES = """\
builtins.OSError: [Errno 28] No space left on device
  File "<stdin>", line 4009, in _dispatch_one
  File "master:/venv/site-packages/ansible_mitogen/target.py", line 655, in write_path
    fp.close()"""
NO_ERRNO = """\
MODULE FAILURE: Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
ModuleNotFoundError: No module named 'apt_pkg'
"""


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (FULL_BY_MITOGEN, "No space left on device: /srv/full"),
        (READ_ONLY_BY_MITOGEN, "Read-only file system: /srv/ro"),
        (FULL_WHERE_MITOGEN_WRITES, "No space left on device"),
        (
            FULL_WHERE_MITOGEN_WRITES.replace("OSError: [Errno 28]", "ValueError:"),
            "ValueError: No space left on device",
        ),
        (IMMUTABLE_BY_MITOGEN, "Operation not permitted: /srv/it is/f"),
        (NO_ERRNO, "ModuleNotFoundError: No module named 'apt_pkg'"),
        ("Traceback (most recent call last):\n  cut off", "the module failed"),
        (FULL_BY_ANSIBLE, "No space left on device: /srv/full"),
        (
            "There was an issue creating /srv/ro/d as requested: [Errno 30] Read-only file system: b'/srv/ro/d'",
            "Read-only file system: /srv/ro/d",
        ),
        ("Request failed: <urlopen error [Errno 111] Connection refused>", None),
        ("Task failed: Module failed: no such group", "no such group"),
        ("non-zero return code: sh: 1: cannot create /srv/q: Read-only file system", None),
        ("Destination /srv/ro not writable", None),
    ],
)
def test_the_reason_of_a_failed_module_is_one_line_without_a_traceback(said: str, reason: str | None) -> None:
    assert reason_of(said) == (reason or said)


def test_a_terse_message_has_the_reason_beside_it() -> None:
    beside = "Traceback (most recent call last):\nPermissionError: [Errno 1] Operation not permitted: '/srv/f'\n"
    assert reason_of("Unlinking failed.", beside) == "Unlinking failed. (Operation not permitted: /srv/f)"
