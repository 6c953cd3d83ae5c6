"""The folder of what happened, where it cannot be written: said as what it is, with the way out."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from opspact.errors import Refused
from opspact.rollout.state_folder import one_at_a_time, prepared


def workspace(folder: Path) -> object:
    return SimpleNamespace(state=folder / ".opspact")


@pytest.mark.parametrize(
    ("number", "hint"), [(errno.EROFS, "read-only"), (errno.EACCES, "must be yours"), (errno.ENOSPC, "space")]
)
@pytest.mark.parametrize("is_there", [False, True])
def test_why_it_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, hint: str, is_there: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    if is_there:
        prepared(workspace(tmp_path))  # type: ignore[arg-type]
        monkeypatch.setattr(os, "open", fail)
    else:
        monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(Refused, match=os.strerror(number)) as refused, one_at_a_time(workspace(tmp_path)):  # type: ignore[arg-type]
        pass
    assert hint in refused.value.hint
