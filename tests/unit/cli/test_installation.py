"""The package as `pipx install` and `uv tool install` install it: a wheel, in an environment of its own."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]


def run(*words: str | Path, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OPSPACT"))}
    done = subprocess.run(
        list(map(str, words)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_works_in_a_fresh_environment(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build: list[str | Path] = [
        *pip,
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        tmp_path,
    ]
    run(*build, TOP, folder=tmp_path)
    (wheel,) = tmp_path.glob("opspact-*.whl")
    tool = tmp_path / "tool"
    venv.create(tool, with_pip=False, symlinks=True)
    run(*pip, "--python", tool / "bin/python", "install", "--quiet", "--no-index", "--no-deps", wheel, folder=tmp_path)
    (packages,) = tool.glob("lib/python*/site-packages")
    # The dependencies are those that are installed here; a path in such a file does not bring our editable package.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    opspact = tool / "bin/opspact"
    where = run(tool / "bin/python", "-c", "import opspact; print(opspact.__path__[0])", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(tool)
    assert run(opspact, "--version", folder=tmp_path).startswith("opspact ")
    run(opspact, "init", "fresh", folder=tmp_path)
    run(opspact, "check", folder=tmp_path / "fresh")
    run(opspact, "compile", "--out", "project", folder=tmp_path / "fresh")
    assert "OP502" in run(opspact, "explain", "OP502", folder=tmp_path)
    assert ".SS opspact verify" in (tool / "share/man/man1/opspact.1").read_text(encoding="utf-8")
