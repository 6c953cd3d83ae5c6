"""Variables whose text is a template: what Ansible prints, or a refusal, never braces on a host."""

import json

import pytest
from building import service, tree, work

from opspact.errors import Refused
from opspact.model.inventory.host import Host, Inventory
from opspact.resolve.host_templates import depends_on
from opspact.resolve.template_names import TemplateScope
from opspact.steps.file import File

NOTICE = service("notice", "files: [{path: /etc/motd, template: files/t.j2}]")


def rendered(template: str, **variables: object) -> str:
    inventory = {"all": {"children": {"web": {"hosts": {"app1.lan": variables}}}}}
    files = tree(NOTICE, inventory=json.dumps(inventory), files={"files/t.j2": template})
    (step,) = [step for step in work(files)["app1.lan"].make if isinstance(step, File)]
    return step.content.data.decode()


ENCRYPTED = {"sealed": {"__ansible_vault": "abc"}, "site": {"port": 80, "key": {"__ansible_vault": "abc"}}}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ site.port }}", "80"),
        ("{% if sealed is defined %}yes{% endif %}", "yes"),
        *(
            (template, None)
            for template in (
                *(
                    "{{ sealed }}",
                    "{{ sealed | upper }}",
                    "{{ sealed ~ 'x' }}",
                    "{{ sealed + 'x' }}",
                    "{{ 'x' + sealed }}",
                ),
                *("{{ '%s' % sealed }}", "{{ '{}'.format(sealed) }}", "{{ [sealed] }}", "{{ [sealed] | join }}"),
                *("{{ sealed.ciphertext }}", "{{ sealed[0] }}", "{{ sealed | length }}", "{{ sealed | default('x') }}"),
                *("{% if sealed %}x{% endif %}", "{% if sealed == 'x' %}x{% endif %}", "{{ other }}", "{{ site }}"),
                *(
                    "{{ site.key | int }}",
                    "{{ [sealed] | sort }}",
                    "{{ sealed | string }}",
                    "{% for x in sealed %}{% endfor %}",
                ),
            )
        ),
    ],
)
def test_nothing_is_made_of_an_encrypted_variable(template: str, wanted: str | None) -> None:
    variables = {**ENCRYPTED, "other": "{{ sealed }}"}
    if wanted is not None:
        assert rendered(template, **variables) == wanted
        return
    with pytest.raises(Refused) as refused:
        rendered(template, **variables)
    (problem,) = refused.value.problems
    assert problem.code == "OP110"
    assert "!vault" in problem.message


@pytest.mark.parametrize(
    ("template", "variables", "expected"),
    [
        ("{{ fqdn }}", {"domain": "example.org", "fqdn": "app.{{ domain }}"}, "app.example.org"),
        ("{{ a }}", {"a": "{{ b }}", "b": "{{ c }}", "c": 3}, "3"),
        ("{{ a }}", {"a": "{{ b | default('none') }}"}, "none"),
        ("{% for x in a %}{{ x }};{% endfor %}", {"a": "{{ b }}", "b": [1, "{{ c }}"], "c": "two"}, "1;two;"),
        ("{% for x in a %}{{ x }};{% endfor %}", {"a": "{{ b + [3] }}", "b": [1]}, "1;3;"),
        ("{{ a.b[0].c }}", {"a": {"b": [{"c": "{{ d }}"}]}, "d": "deep"}, "deep"),
        ("{{ a + 1 }}", {"a": "{{ b * 2 }}", "b": 20}, "41"),
        ("{{ a }}", {"a": "{% if b %}yes{% else %}no{% endif %}", "b": False}, "no"),
        ("{{ a }}", {"a": "{{ inventory_hostname }} {{ inventory_hostname_short }}"}, "app1.lan app1"),
        ("{{ a }}", {"a": {"__ansible_unsafe": "{{ b }}"}, "b": 1}, "{{ b }}"),
        ("{{ a }}", {"a": "{% raw %}{{ b }}{% endraw %}", "b": 1}, "{{ b }}"),
        ("{{ a }}", {"a": "x {# said to people #}y"}, "x y"),
        ("plain", {"a": "{{ a }}"}, "plain"),
    ],
)
def test_a_variable_prints_what_its_template_gives(template: str, variables: dict[str, object], expected: str) -> None:
    assert rendered(template, **variables) == expected


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"a": "{{ b }}"}, ["variable a", "b"]),
        ({"a": "{{ b }}", "b": "{{ c }}"}, ["variable b", "c"]),
        ({"a": "{{ a }}"}, ["a → a"]),
        ({"a": "{{ b }}", "b": ["{{ c }}"], "c": "{{ a }}"}, ["a → b → c → a"]),
        ({"a": "{{ lookup('pipe', 'id') }}"}, ["variable a", "lookup"]),
        ({"a": "{{ range(10 ** 9) | list }}"}, ["variable a"]),
        ({"a": "{{ [1] | map('string') }}"}, ["variable a"]),
        ({"a": "{{ ''.__class__ }}"}, ["variable a"]),
        ({"a": "{% if %}"}, []),
        ({"a": "{{ b"}, []),
    ],
)
def test_a_variable_that_does_not_work_out_is_refused_with_its_name(
    variables: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        rendered("{{ a }}", **variables)
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.file) == ("OP110", "inventory/hosts.yaml")
    assert all(word in problem.message for word in [*words, "policies/p0.yaml:5:9"])


def test_hosts_differ_by_what_their_variables_are_made_of() -> None:
    hosts = [Host("h", {"a": "{{ b }}", "b": b, "c": c}) for b, c in ((1, 1), (1, 2), (2, 2))]
    one, same, other = (depends_on("{{ a }}", host, TemplateScope({}, Inventory({}, {}), {})) for host in hosts)
    assert one == same != other


INVENTORY = """\
all:
  vars: {domain: example.org}
  children:
    web:
      hosts: {app1: {}, app2: {}}
      vars:
        fqdn: app.{{ domian }}
"""


@pytest.mark.parametrize(
    ("files", "place", "source", "hint"),
    [
        ({"inventory/hosts.yaml": INVENTORY}, "inventory/hosts.yaml:7:15", "fqdn: app.{{ domian }}", "domain"),
        (
            {"inventory/group_vars/web/main.yaml": "port: 1\nfqdn:\n  - 'app.{{ domian }}'\n"},
            "inventory/group_vars/web/main.yaml:3:5",
            "- 'app.{{ domian }}'",
            "domain",
        ),
        (
            {
                "inventory/group_vars/db.yaml": "fqdn: app.{{ domian }}\n",  # another group's
                "inventory/group_vars/all.yaml": "fqdn: app.{{ domian }}\n",
                "inventory/host_vars/app2": "fqdn: app.{{ domian }}\n",  # another host's
                "inventory/group_vars/web.json": '{"fqdn": "app.{{ domian }}"}',
            },
            "inventory/group_vars/web.json:1:10",
            '{"fqdn": "app.{{ domian }}"}',
            "domain",
        ),
        (
            {"inventory/hosts": "[web]\napp1 fqdn='app.{{ domian }}' domain=example.org\napp2 fqdn=x\n[db]\ndb1\n"},
            "inventory/hosts:2:6",
            "app1 fqdn='app.{{ domian }}' domain=example.org",
            "domain",
        ),
        (
            {"inventory/host_vars/app1.yml": "fqdn: '{{ a | uper }}'\na: x\n"},
            "inventory/host_vars/app1.yml:1:7",
            "",
            "upper",
        ),
        (
            {"inventory/host_vars/app1.yml": "fqdn: '{{ a }}'\na: '{{ fqdn }}'\n"},
            "inventory/host_vars/app1.yml:1:7",
            "",
            "",
        ),
    ],
)
def test_a_wrong_name_in_a_variable_is_shown_where_it_is_written(
    files: dict[str, str], place: str, *, source: str, hint: str
) -> None:
    hosts = "all: {vars: {domain: example.org}, children: {web: {hosts: {app1: , app2: }}, db: {hosts: {db1: }}}}"
    written = tree(NOTICE.replace("hosts: web", "hosts: app1"), inventory=hosts, files={"files/t.j2": "{{ fqdn }}"})
    if "inventory/hosts" in files:
        del written["inventory/hosts.yaml"]
    with pytest.raises(Refused) as refused:
        work(written | {path: text.encode() for path, text in files.items()})
    (problem,) = refused.value.problems
    assert (problem.code, str(problem.place)) == ("OP110", place)
    assert source in problem.source
    assert hint in problem.hint
    assert "policies/p0.yaml:5:9" in problem.message


def test_one_wrong_variable_is_one_cause_however_many_policies_use_it() -> None:
    names = ["a", "b", "c"]
    services = [service(name, f"files: [{{path: /etc/{name}, template: files/t.j2}}]") for name in names]
    with pytest.raises(Refused) as refused:
        work(tree(*services, inventory=INVENTORY, files={"files/t.j2": "{{ fqdn }}"}))
    places = ["inventory/hosts.yaml:7:15", "policies/p1.yaml:5:9", "policies/p2.yaml:5:9"]
    assert [str(problem.place) for problem in refused.value.problems] == places
    assert len({problem.missing for problem in refused.value.problems}) == 1
