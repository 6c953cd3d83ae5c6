"""An inspection with `services` looks at the services of each of its hosts, as their policies have them."""

import json
from datetime import date
from typing import Any

import pytest
from building import tree

from opspact.compile.build import build
from opspact.errors import Refused
from opspact.resolve.contract import resolve
from opspact.steps.file import File

INSPECTION = (
    "kind: inspection\nname: daily\nhosts: web:db\nschedule: daily at 07:00\n"
    "items: [{{services: {}}}, {{swap: {{warn: 50%}}}}]\n"
)
SERVICES = (
    (
        "kind: service\nname: portal\nhosts: web\nowner: crew\n"
        "units: [nginx.service, {name: apache2.service, running: false}]\n"
        "normal: [{http: {url: 'http://localhost/', contains: OA}}, {tcp: {port: 80}}]\n"
    ),
    "kind: service\nname: records\nhosts: db:app1\nowner: crew\nunits: [cron.service]\n",
    "kind: team\nname: crew\n",
)


def items(host: str, wanted: str = "{}") -> list[dict[str, Any]]:
    made = build(resolve(tree(INSPECTION.format(wanted), *SERVICES)), day=date(2026, 3, 2))[host].make
    (settings,) = (
        step for step in made if isinstance(step, File) and step.path == "/etc/opspact/inspection/daily.json"
    )
    found: list[dict[str, Any]] = json.loads(settings.content.data)["items"]
    return found


PORTAL = [
    {"item": "unit", "subject": "service/portal", "name": "nginx.service"},
    {
        "item": "http",
        "subject": "service/portal",
        "url": "http://localhost/",
        "status": 200,
        "contains": "OA",
        "within": 2,
    },
    {"item": "tcp", "subject": "service/portal", "port": 80},
]
RECORDS = [{"item": "unit", "subject": "service/records", "name": "cron.service"}]


def test_each_host_looks_at_the_services_that_it_has() -> None:
    assert items("app1")[1:] == [{"item": "services", "services": ["portal", "records"]}, *PORTAL, *RECORDS]
    assert items("app2")[1:] == [{"item": "services", "services": ["portal"]}, *PORTAL]
    assert items("db1")[1:] == [{"item": "services", "services": ["records"]}, *RECORDS]


def test_services_can_be_named_and_limited_to_hosts() -> None:
    assert items("app1", "{only: [records]}")[1:] == [{"item": "services", "services": ["records"]}, *RECORDS]
    assert items("app2", "{only: [records]}")[1:] == [{"item": "services", "services": []}]
    assert [item["item"] for item in items("db1", "{on: web}")] == ["swap"]


def test_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="recrods"):
        items("app1", "{only: [recrods]}")
