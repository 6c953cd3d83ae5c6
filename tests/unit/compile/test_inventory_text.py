import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opspact.compile.inventory_text import plain_inventory
from opspact.resolve.inventory import from_ansible_list

SCRIPT = """#!/bin/sh
cat <<'END'
{"web": {"hosts": ["app1", "app2"], "vars": {"tier": "one"}}, "_meta": {"hostvars": {
 "app1": {"port": 8080, "text": {"__ansible_unsafe": "{{ never }}"}}, "app2": {"note": "中文 \\"quoted\\""}}}}
END
"""


def listed(inventory: Path) -> dict[str, object]:
    program = Path(sys.executable).with_name("ansible-inventory")
    command = [str(program), "--inventory", str(inventory), "--list"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"ANSIBLE_HOME": "/nonexistent"}
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_what_a_script_told_is_the_same_inventory_when_it_is_written_down(tmp_path: Path) -> None:
    script = tmp_path / "script" / "hosts.sh"
    script.parent.mkdir()
    script.write_text(SCRIPT, "utf-8")
    script.chmod(0o755)
    reported = listed(script.parent)

    for path, data in plain_inventory(from_ansible_list(reported)).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)

    expected, actual = from_ansible_list(reported), from_ansible_list(listed(tmp_path / "inventory"))
    assert dict(expected.hosts) == dict(actual.hosts)
    assert expected.groups == actual.groups
