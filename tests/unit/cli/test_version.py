"""What `--version` says of an Ansible that mitogen does not fit."""

from importlib import metadata
from pathlib import Path

import pytest

from opspact.cli.version import version_line


def test_it_says_why_mitogen_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = tmp_path / "ansible_core-2.99.0.dist-info"
    unknown.mkdir()
    (unknown / "METADATA").write_text("Metadata-Version: 2.1\nName: ansible-core\nVersion: 2.99.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    reason = f"mitogen {metadata.version('mitogen')} is not known to work with ansible-core 2.99.0"
    assert version_line().endswith(f", ansible-core 2.99.0, without mitogen: {reason})")
