"""Devices are looked at by the inspections of their host: as items of its settings, which their policies want too."""

import json
from datetime import date

from building import tree

from opspact.compile.build import build
from opspact.resolve.contract import resolve
from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile

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


def steps(host: str, *more: str) -> tuple[Step, ...]:
    return build(resolve(tree(*POLICIES, *more)), day=date(2026, 3, 2))[host].make


def settings(host: str, *more: str) -> File:
    (found,) = (step for step in steps(host, *more) if isinstance(step, File) and step.path == SETTINGS)
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


UPS = (
    "kind: device\nname: ups\naddress: 192.0.2.4\nprobed_from: app1\n"
    "snmp: {user: monitor, auth: 'secret:vault:a', auth_protocol: SHA-256, privacy: 'secret:vault:p', within: 3s}\n"
    "normal:\n- ping: {}\n"
    "- snmp: {name: charge, oid: 1.3.6.1.2.1.33.1.2.4.0, type: integer, unit: '%', below: {warn: 80, critical: 50}}\n"
    "- snmp: {name: model, oid: 1.3.6.1.2.1.33.1.1.2.0, type: text, contains: Smart}\n"
)
SWITCH = (
    "kind: device\nname: switch\naddress: 192.0.2.5\nprobed_from: app1\nsnmp: {community: 'secret:vault:c'}\n"
    "normal: [{snmp: {name: uplink, oid: 1.3.6.1.2.1.2.2.1.8.1, type: integer, equals: 1}}]\n"
)


def test_all_values_of_a_device_are_asked_for_by_one_item_that_names_the_files_of_its_secrets() -> None:
    items = json.loads(settings("app1", UPS, SWITCH).content.data)["items"]
    assert [(item["item"], item["subject"]) for item in items[-3:]] == [
        ("snmp", "device/switch"),
        ("ping", "device/ups"),
        ("snmp", "device/ups"),
    ]
    assert [items[-1], items[-3]] == [
        {
            "item": "snmp",
            "subject": "device/ups",
            "address": "192.0.2.4",
            "port": 161,
            "within": 3,
            "user": "monitor",
            "auth_protocol": "SHA-256",
            "privacy_protocol": "AES",
            "secrets": {"auth": "/etc/opspact/snmp/ups/auth", "privacy": "/etc/opspact/snmp/ups/privacy"},
            "values": [
                {
                    "name": "charge",
                    "oid": "1.3.6.1.2.1.33.1.2.4.0",
                    "type": "integer",
                    "unit": "%",
                    "below": {"warn": 80, "critical": 50, "after": 1},
                },
                {
                    "name": "model",
                    "oid": "1.3.6.1.2.1.33.1.1.2.0",
                    "type": "text",
                    "unit": "",
                    "contains": "Smart",
                },
            ],
        },
        {
            "item": "snmp",
            "subject": "device/switch",
            "address": "192.0.2.5",
            "port": 161,
            "within": 2,
            "secrets": {"community": "/etc/opspact/snmp/switch/community"},
            "values": [{"name": "uplink", "oid": "1.3.6.1.2.1.2.2.1.8.1", "type": "integer", "unit": "", "equals": 1}],
        },
    ]


def test_the_host_that_asks_by_snmp_gets_the_program_and_the_secrets_and_no_other_does() -> None:
    made = {host: steps(host, UPS, SWITCH) for host in ("app1", "app2")}
    secrets = {host: [step for step in of if isinstance(step, SecretFile)] for host, of in made.items()}
    assert [(step.path, step.secret.key, [origin.policy for origin in step.origins]) for step in secrets["app1"]] == [
        ("/etc/opspact/snmp/switch/community", "vault:c", ["device/switch"]),
        ("/etc/opspact/snmp/ups/auth", "vault:a", ["device/ups"]),
        ("/etc/opspact/snmp/ups/privacy", "vault:p", ["device/ups"]),
    ]
    assert secrets["app2"] == []
    packages = {host: {step.name for step in of if isinstance(step, Package)} for host, of in made.items()}
    assert ("snmp" in packages["app1"], "snmp" in packages["app2"]) == (True, False)
    assert not any(isinstance(step, SecretFile) for step in steps("app1"))
