"""Which packages were chosen, which files are not as they came, which units people defined: on a host in a folder."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from programs import Machine

from opspact.onhost import configuration_files, host_units, package_files
from opspact.onhost.chosen_packages import Packages, marked_packages
from opspact.onhost.configuration_files import file_at, services
from opspact.onhost.host_units import own_definitions, unit_states


def record(name: str, **fields: str) -> dict[str, str]:
    return {"package": name, "status": "install ok installed", "priority": "optional", "section": "web", **fields}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Machine) -> Path:
    """Return the folder of a host with one package, `web`, beyond its base."""
    etc = tmp_path / "etc"
    for folder in ("etc/systemd/system", "etc/web/conf.d", "etc/sysctl.d", "info", "ucf"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(configuration_files, "ETC", str(etc))
    monkeypatch.setattr(host_units, "UNITS", etc / "systemd/system")
    monkeypatch.setattr(configuration_files, "ROOT", os.getuid())
    monkeypatch.setattr(package_files, "ETC", str(etc))
    monkeypatch.setattr(package_files, "STATUS", str(tmp_path / "status"))
    monkeypatch.setattr(package_files, "LISTS", str(tmp_path / "info"))
    monkeypatch.setattr(package_files, "UCF", str(tmp_path / "ucf"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    machine.command("apt-mark", 'test "$*" = showmanual && printf "web\\ncommon:amd64\\nbase\\nlib\\n"')
    machine.command(
        "systemctl",
        'case "$1" in list-unit-files) cat "$0.enabled" ;;\n'
        'show) shift 4; printf "%s\\n" "$@" >"$0.asked"; cat "$0.shown" ;; esac',
    )
    (tmp_path / "bin/systemctl.enabled").write_text("")
    status = "".join(
        f"Package: {name}\nStatus: install ok installed\nPriority: {priority}\nSection: {section}\n{more}\n"
        for name, priority, section, more in (
            ("web", "optional", "web", "Depends: common (= 1.2), libc6 | lib\n"),
            (
                "common",
                "optional",
                "web",
                f"Conffiles:\n {etc}/web/web.conf {md5('stock')}\n {etc}/web/same {md5('same')}\n",
            ),
            ("lib", "optional", "libs", ""),
            ("base", "important", "admin", f"Conffiles:\n {etc}/base.conf {md5('stock')}\n"),
        )
    )
    (tmp_path / "status").write_text(status)
    (tmp_path / "info/common.list").write_text(
        f"{etc}/web\n{etc}/web/web.conf\n{etc}/web/same\n/usr/lib/systemd/system/web.service\n"
    )
    (tmp_path / "info/base.list").write_text(f"{etc}/sysctl.d\n{etc}/base.conf\n")
    (etc / "web/web.conf").write_text("changed")
    (etc / "web/same").write_text("same")
    (etc / "base.conf").write_text("stock")
    return tmp_path


def found(said: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return by the path of each file its service, and why it was not read."""
    return {each["path"]: (each["service"], each["why"]) for each in said["files"]}


def test_packages_are_chosen_that_no_other_needs_and_that_are_not_the_base(top: Path) -> None:
    assert marked_packages() == {"web", "common", "base", "lib"}
    assert services()["packages"] == ["web"]
    assert top.is_dir()


@pytest.mark.parametrize(
    ("records", "chosen"),
    [
        ([record("aa", depends="bb"), record("bb")], ["aa"]),
        ([record("aa", recommends="xx | bb (>= 1)"), record("bb")], ["aa"]),
        ([record("aa", depends="bb"), record("bb", recommends="aa")], ["aa", "bb"]),
        ([record("aa", essential="yes"), record("bb", priority="standard"), record("cc", section="non-free/libs")], []),
        ([record("aa", suggests="bb"), record("bb")], ["aa", "bb"]),
    ],
    ids=["needed", "recommended", "each-other", "base", "suggested"],
)
def test_what_is_chosen(records: list[dict[str, str]], chosen: list[str]) -> None:
    assert Packages(records, {"aa", "bb", "cc"}).chosen == chosen


def test_a_package_is_there_for_the_chosen_one_that_is_nearest() -> None:
    records = [
        record("postgresql", depends="postgresql-15"),
        record("postgresql-15", depends="postgresql-common"),
        record("postgresql-common"),
        record("borgmatic", depends="postgresql-common"),
        record("alone"),
    ]
    packages = Packages(records, {"postgresql", "borgmatic"})
    assert packages.chosen_for("postgresql-common") == "postgresql"
    assert (packages.chosen_for("borgmatic"), packages.chosen_for("alone")) == ("borgmatic", "alone")


def test_files_are_those_that_packages_bring_otherwise_or_not_at_all(top: Path) -> None:
    etc = top / "etc"
    (etc / "web/conf.d/oa.conf").write_text("by hand")
    (etc / "web/site").symlink_to("/etc/web/other")
    for name in ("oa.conf.dpkg-old", "oa.conf~", ".hidden"):
        (etc / "web/conf.d" / name).write_text("left over")
    (etc / "sysctl.d/90-oa.conf").write_text("x = 1")
    (etc / "sysctl.d/90-opspact.conf").write_text("ours")
    said: dict[str, Any] = services()
    assert found(said) == {
        f"{etc}/web/web.conf": ("web", ""),
        f"{etc}/web/conf.d/oa.conf": ("web", ""),
        f"{etc}/web/site": ("web", ""),
        f"{etc}/sysctl.d/90-oa.conf": ("settings", ""),
    }
    by_path = {each["path"]: each for each in said["files"]}
    assert by_path[f"{etc}/web/site"]["link"] == "/etc/web/other"
    assert by_path[f"{etc}/web/web.conf"]["text"] == "changed"


def test_a_file_that_a_package_registers_elsewhere_is_compared_with_that(top: Path) -> None:
    path = top / "etc/web/registered"
    (top / "ucf/registry").write_text(f"common {path}\n")
    (top / "ucf/hashfile").write_text(f"{md5('stock')}  {path}\n")
    path.write_text("stock")
    assert str(path) not in found(services())
    path.write_text("changed")
    assert found(services())[str(path)] == ("web", "")


@pytest.mark.parametrize(
    ("name", "data", "mode", "why"),
    [
        ("a.conf", b"password", 0o640, "not everybody may read it: a secret may be in it"),
        ("a.key", b"x", 0o644, "it is a certificate or a key"),
        ("a.conf", b"\xff\xfe", 0o644, "it is no text"),
        ("a.conf", b"a\0b", 0o644, "it is no text"),
        ("a.conf", b"x" * 131073, 0o644, "it is larger than 128 KiB"),
        ("a.conf", b"// DO NOT EDIT!\nx", 0o644, "a program writes it: it says so itself"),
    ],
)
def test_a_file_that_no_policy_is_asked_for_is_named_without_its_text(
    top: Path, name: str, data: bytes, *, mode: int, why: str
) -> None:
    path = top / "etc/web" / name
    path.write_bytes(data)
    path.chmod(mode)
    seen = file_at(str(path), "web")
    assert seen is not None
    assert (seen["why"], seen["text"]) == (why, "")


def test_files_of_other_accounts_are_named(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration_files, "ROOT", os.getuid() + 1)
    assert found(services())[f"{top}/etc/web/web.conf"][1] == "it does not belong to root: a program may write it"


def test_units_are_enabled_ones_of_packages_and_of_people(top: Path) -> None:
    units = top / "etc/systemd/system"
    (top / "bin/systemctl.enabled").write_text("web.service enabled enabled\ngetty@.service enabled enabled\n")
    (units / "multi-user.target.wants").mkdir()
    (units / "multi-user.target.wants/tidy@a.timer").symlink_to("x")
    blocks = (
        ("web.service", "/lib/systemd/system/web.service", "active"),
        ("tidy@a.timer", f"{units}/tidy@.timer", "inactive"),
        ("made.service", "/run/systemd/generator/made.service", "active"),
        ("opspact-it.timer", f"{units}/opspact-it.timer", "active"),
    )
    text = "\n".join(f"Id={name}\nFragmentPath={path}\nActiveState={state}\n" for name, path, state in blocks)
    (top / "bin/systemctl.shown").write_text(text)
    assert [each["Id"] for each in unit_states()] == [name for name, *_ in blocks]
    assert (top / "bin/systemctl.asked").read_text().split()[-2:] == ["tidy@a.timer", "web.service"]
    assert services()["units"] == [
        {"name": "web.service", "service": "web", "is_running": True},
        {"name": "tidy@a.timer", "service": "tidy", "is_running": False},
    ]


def test_definitions_of_people_are_files_with_what_they_start(top: Path) -> None:
    units = top / "etc/systemd/system"
    (units / "tidy.service").write_text("[Service]\nExecStartPre=-/usr/local/bin/before\nExecStart=/usr/bin/true x\n")
    (units / "web.service.d").mkdir()
    (units / "web.service.d/limits.conf").write_text("[Service]\nLimitNOFILE=1\n")
    (units / "alias.service").symlink_to("/usr/lib/systemd/system/web.service")
    (units / "multi-user.target").write_text("")
    assert own_definitions() == {
        f"{units}/tidy.service": "tidy.service",
        "/usr/local/bin/before": "tidy.service",
        f"{units}/web.service.d/limits.conf": "web.service",
    }
