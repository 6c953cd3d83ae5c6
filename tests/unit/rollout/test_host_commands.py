"""What a run reads and keeps on a host before it changes it, done here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opspact.fleet.connection import Connection, Settings
from opspact.fleet.session import Session
from opspact.model import names
from opspact.plan.manifest_state import damaged_copy
from opspact.rollout import file_contents, former_files, manifest_writer
from opspact.steps.content import Content
from opspact.steps.file import File

# ruff: noqa: SLF001 - single commands of a run, as they are sent


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session of a host whose opspact has its state below a folder of the test's."""
    client = tmp_path / "client"
    client.write_text(f'#!/bin/sh\nsed -u "s#{names.STATE_FOLDER}#{tmp_path}/state#g" | /bin/sh -c "$1"\n')
    client.chmod(0o755)
    opened = Session(Connection("here", (str(client),), become=False), Settings())
    yield opened
    opened.close()


def put(path: Path, text: str, mode: int = 0o640) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("script", [former_files._KEEP, former_files._BEFORE])
def test_what_is_written_over_is_kept_as_it_is(session: Session, tmp_path: Path, script: str) -> None:
    file, link = put(tmp_path / "file", "theirs\n"), tmp_path / "link"
    link.symlink_to(file)
    former_files._carry_out(session, script, (str(file), str(link), str(tmp_path / "none")))

    folder = names.FORMER_FILES if script == former_files._KEEP else names.BEFORE_APPLY
    kept = Path(folder.replace(names.STATE_FOLDER, f"{tmp_path}/state") + str(tmp_path))
    assert sorted(path.name for path in kept.iterdir()) == ["file", "link"]
    assert ((kept / "file").read_text(), (kept / "file").stat().st_mode & 0o777) == ("theirs\n", 0o640)
    assert (kept / "link").readlink() == file
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_file_is_shown_with_its_content_unless_few_may_read_it(session: Session, tmp_path: Path) -> None:
    wanted = File(path=str(put(tmp_path / "file", "here\n", 0o644)), content=Content.of("new\n"))
    found = file_contents._read(session, wanted)
    assert isinstance(found, File)
    assert found.content.data == b"here\n"
    (tmp_path / "file").chmod(0o640)
    assert file_contents._read(session, wanted) == "not everybody may read the file"


def test_a_damaged_manifest_is_kept_beside(session: Session, tmp_path: Path) -> None:
    path = put(tmp_path / "manifest", "damaged", 0o600)
    manifest_writer._keep(session, str(path))
    assert Path(damaged_copy(str(path))).read_text() == "damaged"
