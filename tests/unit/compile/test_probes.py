"""Devices are looked at by the inspections of their host: as items of its settings, which their policies want too."""

import json
from datetime import date

from building import tree

from opspact.compile.build import build
from opspact.resolve.contract import resolve
from opspact.steps.file import File

SETTINGS = "/etc/opspact/inspection/daily.json"
POLICIES = (
    "kind: inspection\nname: daily\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n",
    (
        "kind: device\nname: firewall\naddress: fw.example\nprobed_from: app1\n"
        "normal: [{ping: {within: 2s}}, {tcp: {port: 443}}, {http: {url: 'http://192.0.2.1/', contains: OK}}]\n"
    ),
    "kind: device\nname: other\naddress: 192.0.2.2\nprobed_from: app1\nnormal: [{ping: {}}]\n",
    "kind: device\nname: elsewhere\naddress: 192.0.2.3\nprobed_from: db1\nnormal: [{ping: {}}]\n",
)


def settings(host: str) -> File:
    made = build(resolve(tree(*POLICIES)), day=date(2026, 3, 2))[host].make
    (found,) = (step for step in made if isinstance(step, File) and step.path == SETTINGS)
    return found


def test_the_inspections_of_a_host_have_the_items_of_its_devices() -> None:
    items = json.loads(settings("app1").content.data)["items"]
    assert items[1:] == [
        {"item": "ping", "subject": "device/firewall", "within": 2, "address": "fw.example"},
        {"item": "tcp", "subject": "device/firewall", "within": 2, "address": "fw.example", "port": 443},
        {
            "item": "http",
            "subject": "device/firewall",
            "within": 2,
            "url": "http://192.0.2.1/",
            "status": 200,
            "contains": "OK",
        },
        {"item": "ping", "subject": "device/other", "within": 1, "address": "192.0.2.2"},
    ]
    assert [item["item"] for item in items][:1] == ["units"]


def test_other_hosts_look_at_none_of_them() -> None:
    assert [item["item"] for item in json.loads(settings("app2").content.data)["items"]] == ["units"]


def test_the_settings_of_its_host_are_what_a_device_wants_there() -> None:
    policies = {host: [origin.policy for origin in settings(host).origins] for host in ("app1", "app2")}
    assert policies == {
        "app1": ["inspection/daily", "device/firewall", "device/other"],
        "app2": ["inspection/daily"],
    }
