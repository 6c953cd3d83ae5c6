"""Units that say nothing about the service they are named for."""

import pytest
from analysing import found, lines
from building import service

FILES = "files: [{{path: /etc/postgresql/{}/conf.d/x.conf, content: x}}]"


@pytest.mark.parametrize(
    "unit", ["postgresql.service", "openvpn.service", "{name: postgresql.service, enabled: false}"]
)
def test_a_unit_that_only_starts_others_is_told(unit: str) -> None:
    assert lines("OP236", service("db", f"units: [{unit}]")) == [("service/db", f"units: [{unit}]")]


@pytest.mark.parametrize(
    "unit",
    ["postgresql@15-main.service", "openvpn-server@office.service", "{name: postgresql.service, running: false}"],
)
def test_the_unit_of_the_service_itself_is_fine(unit: str) -> None:
    assert lines("OP236", service("db", f"units: [{unit}]")) == []


@pytest.mark.parametrize(
    ("place", "unit"), [("15/main", "postgresql@15-main.service"), ("17/oa", "postgresql@17-oa.service")]
)
def test_the_cluster_is_known_by_its_files(place: str, unit: str) -> None:
    (finding,) = found("OP236", service("db", f"units: [postgresql.service]\n{FILES.format(place)}"))
    assert unit in finding.help
