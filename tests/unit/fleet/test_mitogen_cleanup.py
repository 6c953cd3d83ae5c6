"""What killed runs of Ansible left on a host, whose /root is elsewhere here."""

import os
import time
from pathlib import Path

from opspact.fleet.connection import Connection, Settings
from opspact.fleet.mitogen_cleanup import OLD_ENOUGH, remove_empty_folders
from opspact.fleet.session import Session


def test_old_empty_folders_go_and_all_others_stay(tmp_path: Path) -> None:
    client = tmp_path / "client"
    client.write_text(f'#!/bin/sh\nsed -u "s#/root/.ansible/tmp#{tmp_path}/left#; s#-user root##" | /bin/sh -c "$1"\n')
    client.chmod(0o755)
    long_ago = time.time() - (OLD_ENOUGH + 5) * 60
    for name in ("ansible_mitogen_old", "ansible_mitogen_full/held", "ansible_mitogen_new", "theirs"):
        (tmp_path / "left" / name).mkdir(parents=True)
    for name in ("ansible_mitogen_old", "ansible_mitogen_full", "theirs"):
        os.utime(tmp_path / "left" / name, (long_ago, long_ago))

    session = Session(Connection("here", (str(client),), become=False), Settings())
    try:
        remove_empty_folders(session)
    finally:
        session.close()
    left = sorted(path.name for path in (tmp_path / "left").iterdir())
    assert left == ["ansible_mitogen_full", "ansible_mitogen_new", "theirs"]
