"""Which key lets us in, as ssh says it: a stand-in for ssh that speaks as OpenSSH 9.2 did on a lab host."""

import os
import shlex
from pathlib import Path

import pytest

from opspact.fleet.login_keys import LoginFailed, accepted_key, other_keys

FIRST, SECOND = (
    "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
    "SHA256:nUO6p0ccmz5BzPDDKHdXzmBrUK8zBv4r8GLCWYHTeFs",
)
NAMES = ("a", "b", "c", "d", "the first", "e", "second")
PROGRAM = """\
#!/bin/sh
if [ "$1" = -G ]; then echo "user ops"; printf 'identityfile {home}/%s\\n' {names}; exit; fi
case "$*" in *ControlPath=none*) ;; *) exit 1 ;; esac
case "$*" in
  *"-i {home}/the first"*) accepted={first} path="{home}/the first" ;;
  *"-i {home}/second"*) accepted={second} path={home}/second ;;
  *refused* | *IdentitiesOnly*)
    echo refused >>{home}/refused; echo 'ops@host: Permission denied (publickey).' >&2; exit 255 ;;
  *) accepted={first} path="{home}/the first" ;;
esac
echo "debug1: Offering public key: {home}/zero ED25519 SHA256:0000 explicit" >&2
case "$*" in *password*) method=password ;; *) method=publickey
  echo "debug1: Server accepts key: $path ED25519 $accepted explicit" >&2 ;;
esac
echo "Authenticated to 198.51.100.11 ([198.51.100.11]:22) using \\"$method\\"." >&2
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    program = tmp_path / "ssh"
    names = " ".join(map(shlex.quote, NAMES))
    program.write_text(PROGRAM.format(home=tmp_path, names=names, first=FIRST, second=SECOND))
    (tmp_path / "ssh-add").write_text("#!/bin/sh\nexit 2\n")
    for name in ("ssh", "ssh-add"):
        (tmp_path / name).chmod(0o755)
    for name in NAMES:
        (tmp_path / name).touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return str(program)


def test_the_key_that_the_server_accepted_is_ours(ssh: str) -> None:
    assert accepted_key((ssh, "--", "host")) == FIRST
    assert accepted_key((ssh, "-o", "PreferredAuthentications=password", "--", "host")) == ""


def test_a_login_that_is_refused_says_why(ssh: str) -> None:
    with pytest.raises(LoginFailed, match="Permission denied"):
        accepted_key((ssh, "--", "refused"))
    with pytest.raises(LoginFailed, match="not possible"):
        accepted_key(("/nonexistent/ssh", "--", "host"))


def test_other_keys_are_found_with_fewer_failed_logins_than_an_sshd_of_openssh_10_forgives(
    ssh: str, tmp_path: Path
) -> None:
    assert other_keys((ssh, "--", "host"), accepted=FIRST) == {SECOND}
    assert (tmp_path / "refused").read_text().split() == ["refused", "refused"]


def test_keys_that_nobody_can_be_asked_for_are_not_no_keys(ssh: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder := Path(ssh).parent).joinpath("ssh-add").unlink()
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(LoginFailed, match="ssh-add"):
        other_keys((ssh, "--", "host"), accepted=FIRST)
