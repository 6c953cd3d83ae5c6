"""Templates give text and nothing else: the same each time, never Python, never without end."""

import pytest
from building import compiled, service, tree, work

from opspact.errors import Refused
from opspact.model.inventory.host import Host, Inventory
from opspact.resolve.host_templates import depends_on
from opspact.resolve.template_names import TemplateScope
from opspact.steps.file import File

NOTICE = service("notice", "files: [{path: /etc/motd, template: files/t.j2}]")


def rendered(template: str, *, host: str = "app1") -> str:
    files = tree(NOTICE, files={"files/t.j2": template})
    (step,) = [step for step in work(files)[host].make if isinstance(step, File)]
    return step.content.data.decode()


def test_a_template_sees_the_host_its_variables_and_the_contract() -> None:
    text = "{{ host.name }} {{ motto }} {{ contract.name }} {{ contract.zone }} {{ contract.language }}\n"
    assert rendered(text) == "app1 steady office Asia/Shanghai zh-CN\n"
    assert rendered(text, host="app2") == "app2 fast office Asia/Shanghai zh-CN\n"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("no expression", "no expression"),
        ("办公 {{ motto | upper }}\n\n", "办公 STEADY\n\n"),
        ("{% for i in range(3) %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/3 2/3 3/3 "),
        ("{% for k, v in {'a': 1}.items() %}{{ k ~ '=' ~ v }}{% else %}none{% endfor %}", "a=1"),
        ("{% macro hi(x) %}hi {{ x }}{% endmacro %}{{ hi(motto) }}", "hi steady"),
        ("{% set x = [3, 1, 2] | sort | map('string') | join(', ') %}{{ x }}", "1, 2, 3"),
        ("{{ '%05d' % 42 }} {{ '{:>6}'.format('x') }} {{ '%s' | format(1) }}", "00042      x 1"),
        ("{{ 2 ** 10 }} {{ 'ab' * 3 }} {{ 7 % 3 }} {{ 1 + 1 }}", "1024 ababab 1 2"),
        ("{{ nothing | default('missing') }}", "missing"),
        ("{% if nothing is defined %}a{% else %}b{% endif %}", "b"),
        ("{# a comment #}{% raw %}{{ raw }}{% endraw %}", "{{ raw }}"),
        ("{{ {'b': 1, 'a': 2} | dictsort | first | last }}", "2"),
        ("{{ [1, true, none, 'x'] }}", "[1, True, None, 'x']"),
        ("{{ [{'a': 1}, {'a': 2}] | groupby('a') | length }}", "2"),
        ("{% filter upper %}{{ motto }}{% endfilter %}", "STEADY"),
        ("{% set n = namespace(x=0) %}{% for i in [1, 2] %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "3"),
        ("{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}", "123"),
    ],
)
def test_what_jinja_can_do_for_text_works(template: str, expected: str) -> None:
    assert rendered(template) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ nobody_knows }}",
        "{{ motto.nothing }}",
        "{{ contract.secret }}",
        "{% if %}",
        "{{ motto",
        "{% for i in %}",
        "{{ 1 / 0 }}",
        "{{ [][1] }}",
        "{{ motto | no_such_filter }}",
        "{{ 'a' + 1 }}",
        "{{ none.x }}",
        "{% include 'files/other.j2' %}",
        "{% import '/etc/passwd' as x %}",
        "{% extends 'x' %}",
        # out of the sandbox
        "{{ ''.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ range.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ host.update({'name': 'x'}) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '{0.__class__}'.format_map({'0': 1}) }}",
        "{{ lookup('pipe', 'id') }}",
        "{{ (1).__class__ }}",
        "{% set x = motto.__init__ %}{{ x }}",
        # never the same twice
        "{{ lipsum() }}",
        "{{ [1, 2, 3] | random }}",
        "{{ range }}",
        "{{ ''.join }}",
        "{{ cycler('a') }}",
        # without end
        "{{ range(10 ** 9) | list }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 10 ** 10 * 'x' }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ 'x'.ljust(10 ** 9) }}",
        "{{ 'x' | center(10 ** 9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ '%*d' % (1000000000, 1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ ('a' * 99999).replace('a', 'b' * 99999) }}",
        "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}",
        "{{ ('\n' * 99999) | indent(99999) }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        pytest.param(
            "{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}{{ a(40) }}",
            marks=pytest.mark.slow,
        ),
        "{% set n = namespace(x='xx') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='xx') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{% for i in range(99999) %}{{ 'a' * 100 }}{% endfor %}",
        "{{ '(' * 200 }}{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    ],
)
def test_what_a_template_may_not_do_is_refused_with_its_place(template: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered(template)
    (problem,) = refused.value.problems
    assert problem.code == "OP110"
    assert str(problem.place) == "policies/p0.yaml:5:9"
    assert "files/t.j2" in problem.message


@pytest.mark.parametrize(
    ("template", "words", "hint"),
    [
        ("a\n\n{{ mottto }}", "files/t.j2:3 for app1", 'did you mean "motto"?'),
        ("a\n{{ contract.nmae }}", "files/t.j2:2 for app1", 'did you mean "name"?'),
        ("{{ group_name }}", "files/t.j2:1 for app1", 'did you mean "group_names"?'),
        ("{{ motto | uper }}", "files/t.j2:1: ", 'did you mean "upper"?'),
        ("{% if motto is definde %}{% endif %}", "files/t.j2:1 for app1", 'did you mean "defined"?'),
        ("{{ motto | to_nice_yaml }}", "files/t.j2:1: ", "only the filters of Jinja"),
        ("{{ motto | b64encode }}", "files/t.j2:1: ", "not those of Ansible"),
        ("{{ motto | b64encod }}", "files/t.j2:1: ", "not those of Ansible"),
        ("{{ motto | ansible.builtin.quote }}", "files/t.j2:1: ", "not those of Ansible"),
        ("{{ motto is match('a') }}", "files/t.j2:1: ", "not those of Ansible"),
        ("{{ groups['al'] }}", "files/t.j2:1 for app1", 'did you mean "all"?'),
        ("{{ groups.ungruoped }}", "files/t.j2:1 for app1", 'did you mean "ungrouped"?'),
        ("{{ groups.database }}", "files/t.j2:1 for app1", "no group and no key"),
        ("{% include 'other.j2' %}", "files/t.j2:1 for app1", "include, import and extends are not available"),
        ("{% extends 'other.j2' %}", "files/t.j2:1 for app1", "include, import and extends are not available"),
        ("{{ ansible_managed }}", "files/t.j2:1 for app1", "ansible_managed is set by Ansible"),
        ("{{ ansible_check_mode }}", "files/t.j2:1 for app1", "ansible_check_mode is set by Ansible"),
        ("{{ hostvars.app2.motto }}", "files/t.j2:1 for app1", "hostvars is set by Ansible"),
        ("{{ lookup('env', 'HOME') }}", "files/t.j2:1 for app1", "lookup is a function of Ansible"),
        ("{{ ansible_hostname }}", "files/t.j2:1 for app1", "facts of hosts are not available"),
        ("{{ ansible_facts.os }}", "files/t.j2:1 for app1", "ansible_facts is set by Ansible"),
        ("{{ nothing_like_it }}", "files/t.j2:1 for app1", "set it in inventory/group_vars/"),
    ],
)
def test_an_unknown_name_is_refused_with_its_line_and_a_way_out(template: str, words: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered(template)
    (problem,) = refused.value.problems
    assert words in problem.message
    assert "\n" not in problem.message
    assert hint in problem.hint


def test_a_key_of_another_mapping_is_not_said_to_be_meant() -> None:
    with pytest.raises(Refused) as refused:
        rendered("{{ contract.all }}")
    (problem,) = refused.value.problems
    assert not problem.hint


def test_a_template_knows_groups_and_short_names_as_in_ansible() -> None:
    hosts = "all: {hosts: {10.0.0.7: {}}, children: {web: {hosts: {app1.lan: {}}, children: {old: {hosts: {app2: }}}}}}"
    template = "{{ group_names | join(' ') }}: {{ groups.web | join(' ') }}, {{ inventory_hostname_short }}"
    made = work(
        tree(
            service("notice", "files: [{path: /etc/motd, template: files/t.j2}]", hosts="all"),
            inventory=hosts,
            files={"files/t.j2": template},
        )
    )
    texts = {name: step.content.data.decode() for name in made for step in made[name].make if isinstance(step, File)}
    assert texts == {
        "10.0.0.7": "ungrouped: app1.lan app2, 10.0.0.7",
        "app1.lan": "web: app1.lan app2, app1",
        "app2": "old web: app1.lan app2, app2",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "true"), ("1", "1.0"), ("null", ""), ("[1]", "[true]"), ("0.0", "-0.0")],
)
def test_values_that_print_differently_are_never_taken_for_equal(one: str, other: str) -> None:
    hosts = "all: {children: {web: {hosts: {app1: {x: ONE}, app2: {OTHER}}}}}\n"
    hosts = hosts.replace("ONE", one).replace("OTHER", f"x: {other}" if other else "")
    files = tree(NOTICE, inventory=hosts, files={"files/t.j2": "{{ x | default('missing') }}"})
    texts = [step.content for of_host in work(files).values() for step in of_host.make if isinstance(step, File)]
    assert texts[0] != texts[1]


def test_hosts_for_which_a_template_gives_the_same_share_it() -> None:
    hosts = [Host("app1", {"x": 1, "y": 1}), Host("app1", {"x": 1, "y": 2}), Host("app2", {"x": 1})]
    groups = {"all": ("app1", "app2", "app3"), "web": ("app1", "app3")}
    named = {host.name: host for host in [*hosts, Host("app3", {})]}
    scope = TemplateScope({}, Inventory(named, groups), {})
    one, same, other = (depends_on("{{ x }}{{ host.name }}", host, scope) for host in hosts)
    assert one == same != other
    in_web, in_none, also = (depends_on("{{ group_names }}{{ groups }}", named[name], scope) for name in named)
    assert in_web == also != in_none


def test_what_a_template_gives_is_never_templated_by_ansible() -> None:
    files = tree(NOTICE, files={"files/t.j2": "{% raw %}{{ lookup('pipe', 'id') }}{% endraw %} {{ motto }}"})
    project = compiled(files)
    assert b"lookup" not in project.files["site.yml"]
    assert any(data == b"{{ lookup('pipe', 'id') }} fast" for data in project.files.values())
