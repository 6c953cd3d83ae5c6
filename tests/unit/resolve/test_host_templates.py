"""Variables in paths, units and packages of policies: one policy for hosts of two releases, checked once rendered."""

import pytest
from building import DAY, backup, service, tree, work

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.errors import Refused
from opspact.resolve.contract import resolve
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.validators import managed_path

INVENTORY = """\
all:
  vars: {version: 15, cluster: "{{ version }}-main", odd: "../x", rules: /etc/sudoers.d/x}
  children:
    db: {hosts: {db1: {}, db2: {version: 17, extra: 1}, db3: {}}}
    backup: {hosts: {backup1: {}}}
"""
UNIT = "postgresql@{{ cluster }}.service"
DATABASE = service(
    "database",
    f"""\
packages: ["postgresql-{{{{ version }}}}"]
units: ["{UNIT}"]
directories: [{{path: "/srv/{{{{ version }}}}"}}]
files:
  - {{path: "/etc/postgresql/{{{{ version }}}}/main/conf.d/oa.conf", content: x, restarts: "{UNIT}"}}
  - {{path: /etc/oa, link: "/etc/postgresql/{{{{ version }}}}/main", reloads: "{UNIT}"}}
normal: [{{tcp: {{port: 5432}}}}]""",
    hosts="db",
)


def refusal(fields: str) -> list[tuple[str, str, str, str]]:
    with pytest.raises(Refused) as refused:
        resolve(tree(service("database", fields, hosts="db"), inventory=INVENTORY))
    return [(each.code, str(each.place), each.message, each.hint) for each in refused.value.problems]


def test_each_host_gets_the_values_of_its_variables() -> None:
    made = work(tree(DATABASE, inventory=INVENTORY))
    for host, version in (("db1", 15), ("db2", 17), ("db3", 15)):
        identities = {step.identity for step in made[host].make}
        folder, unit = f"/etc/postgresql/{version}/main", f"postgresql@{version}-main.service"
        assert identities == {
            f"package postgresql-{version}",
            f"directory /srv/{version}",
            f"file {folder}/conf.d/oa.conf",
            "link /etc/oa",
            f"unit {unit}",
            "port tcp/5432",
        }
        (found,) = (step for step in made[host].make if step.identity == f"unit {unit}")
        assert found.watches == (f"{folder}/conf.d/oa.conf",)  # type: ignore[attr-defined]  # the unit's own
    assert made["db1"] is made["db3"]


def test_a_variable_that_is_not_set_is_refused_once_where_it_is_used() -> None:
    hint = "set it in inventory/group_vars/ or inventory/host_vars/"
    assert refusal('packages: ["x-{{ unknown }}"]') == [
        (
            "OP110",
            "policies/p0.yaml:5:12",
            "cannot render x-{{ unknown }} for db1 and 2 other hosts: 'unknown' is undefined",
            hint,
        )
    ]
    assert refusal("files: [{path: '/etc/{{ extra }}', content: x}]") == [
        (
            "OP110",
            "policies/p0.yaml:5:16",
            "cannot render /etc/{{ extra }} for db1 and 1 other host: 'extra' is undefined",
            hint,
        )
    ]
    assert refusal("units: ['oa@{{ versoin }}.service']")[0][3] == 'did you mean "version"?'


@pytest.mark.parametrize(
    ("fields", "code", "column"),
    [
        ("units: ['postgresql@{{ version }}-main']", "OP029", 9),
        ("units: ['{{ version }']", "OP110", 9),
        ("packages: ['X{{ version }}']", "OP029", 12),
        ("files: [{path: '/etc/{{ odd }}', content: x}]", "OP029", 16),
        ("files: [{path: '/lib/{{ version }}', content: x}]", "OP029", 16),
        ("files: [{path: '{{ rules }}', content: x}]", "OP109", 16),
        ("files: [{path: /etc/x, link: '{{ version }}'}]", "OP029", 30),
        ("files: [{path: /etc/x, content: x, restarts: '{{ version }}'}]", "OP029", 46),
        ("files: [{path: /x, content: x, restarts: 'a{{ version }}.service', reloads: a15.service}]", "OP029", 77),
        ("directories: [{path: 'srv/{{ version }}'}]", "OP029", 22),
        ("data: {paths: ['/srv/{{ lookup(1) }}']}", "OP110", 16),
        ("data: {paths: [\"/srv/{{ ''.__class__ }}\"]}", "OP110", 16),
    ],
)
def test_what_the_variables_give_is_checked_as_if_it_were_written(fields: str, code: str, column: int) -> None:
    assert {(found, place) for found, place, *_ in refusal(fields)} == {(code, f"policies/p0.yaml:5:{column}")}


@pytest.mark.parametrize(
    "fields",
    ["packages: {{ x }}", "packages: [{{ x }}]", "packages: [x-{{ x }}]", "files: [{path: /etc/{{ x }}, content: x}]"],
)
def test_braces_that_yaml_takes_for_a_mapping_get_the_hint_to_quote_them(fields: str) -> None:
    assert "put a value that contains {{ … }} in quotes" in {hint for *_, hint in refusal(fields)}


def test_analysis_reads_what_each_host_gets() -> None:
    fields = """\
data: {paths: ["/srv/{{ version }}/data"]}
units: ["{{ 'postgresql' if version == 15 else 'postgresql@17-main' }}.service"]"""
    copied = backup("daily").replace("hosts: web", "hosts: db").replace("paths: [/etc]", "paths: [/srv/15]")
    contract = resolve(tree(service("database", fields, hosts="db"), copied, inventory=INVENTORY))
    found = {
        finding.code: finding for finding in analyse(RuleContext(contract, DAY)) if finding.code in {"OP236", "OP226"}
    }
    assert {code: str(finding.place) for code, finding in found.items()} == {
        "OP236": "policies/p0.yaml:6:9",
        "OP226": "policies/p0.yaml:5:16",
    }
    assert "/srv/17/data of service database on db2" in found["OP226"].message


def test_elsewhere_a_path_has_no_variables() -> None:
    with pytest.raises(InvalidValueError) as refused:
        managed_path("/etc/{{ version }}")
    assert refused.value.code == "OP029"
