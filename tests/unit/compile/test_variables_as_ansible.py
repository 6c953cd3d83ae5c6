"""Variables in variables give the bytes that Ansible's own `template` module writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from building import service, tree, work

from opspact.steps.file import File

pytestmark = pytest.mark.slow

VARIABLES: dict[str, object] = {
    "domain": "example.org",
    "port": 8443,
    "ratio": 1.5,
    "on": True,
    "nothing": None,
    "words": ["a", "b", "{{ domain }}"],
    "table": {"x": "{{ port }}", "y": {"z": "{{ words }}"}},
    "fqdn": "app.{{ domain }}",
    "url": "https://{{ fqdn }}:{{ port }}/",
    "number": "{{ port }}",
    "next_port": "{{ port + 1 }}",
    "as_text": "{{ port | string }}",
    "quoted": "'{{ port }}'",
    "truth": "{{ on }}",
    "no_truth": "{{ not on }}",
    "empty": "{{ nothing }}",
    "in_text": "<{{ nothing }}>",
    "list_copy": "{{ words }}",
    "dict_copy": "{{ table }}",
    "first": "{{ words[0] }}",
    "deep": "{{ table.y.z[2] }}",
    "joined": "{{ words | join('-') }}",
    "lengths": "{{ words | length }}",
    "chosen": "{{ 'yes' if on else 'no' }}",
    "looped": "{% for each in words %}{{ each }};{% endfor %}",
    "looped_list": "{% for each in words %}{{ each }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "looks_like_list": "[{{ port }}, {{ port }}]",
    "looks_like_dict": "{'a': {{ port }}}",
    "looks_like_number": "{{ 1 }}{{ 2 }}",
    "looks_like_truth": "{{ 'True' }}",
    "looks_octal": "{{ '012' }}",
    "spaced": "  {{ port }}  ",
    "trimmed": "x {{- port -}} y",
    "newline": "{{ port }}\n",
    "newline_of_text": "{{ domain }}\n",
    "newline_of_list": "{{ words }}\n",
    "newlines": "{{ port }}\n\n",
    "nothing_in_list": [None, "{{ nothing }}"],
    "lines": "one\n{{ port }}\ntwo\n",
    "comment": "x {# no #}y",
    "raw": "{% raw %}{{ x }}{% endraw %}",
    "filtered": "{{ domain | upper | replace('.', '_') }}",
    "defaulted": "{{ missing | default('none') }}",
    "defaulted_deep": "{{ table.missing | default(port) }}",
    "sorted_words": "{{ words | sort(reverse=true) | join(',') }}",
    "tests": "{{ port is number and domain is string }}",
    "own_name": "{{ inventory_hostname }}",
    "floats": "{{ ratio * 2 }}",
    "concatenated": "{{ domain ~ port }}",
    "added": "{{ words + ['c'] }}",
    "set_inside": "{% set x = port %}{{ x }}",
    "braces": "a } b { c",
    "umlaut": "{{ 'ä密' }}",
    "backslash": "a\\{{ port }}\\n",
    "twice": "{{ url }}",
    "nested_keys": {"{{ port }}": "{{ port }}"},
}
TEMPLATE = "".join(f"{name}=[{{{{ {name} }}}}]\n" for name in VARIABLES)


def test_a_file_is_what_ansible_makes_of_it(tmp_path: Path) -> None:
    hosts = {"all": {"children": {"web": {"hosts": {"app1.lan": VARIABLES}}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    (tmp_path / "t.j2").write_text(TEMPLATE)
    program = str(Path(sys.executable).with_name("ansible"))
    command = [program, "-i", "hosts.json", "-c", "local", "app1.lan", "-m", "template"]
    environment = {**os.environ, "HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "true", "LC_ALL": "C.UTF-8"}
    environment |= {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    arguments = ["-a", f"src={tmp_path}/t.j2 dest={tmp_path}/made"]
    done = subprocess.run(
        [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    notice = service("notice", "files: [{path: /etc/motd, template: files/t.j2}]")
    files = tree(notice, inventory=json.dumps(hosts), files={"files/t.j2": TEMPLATE})
    (step,) = [step for step in work(files)["app1.lan"].make if isinstance(step, File)]
    assert step.content.data.decode().splitlines() == (tmp_path / "made").read_text().splitlines()
