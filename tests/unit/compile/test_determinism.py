"""The same contract is the same bytes: on any machine, from any place, in whatever order its files are read."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from building import compiled

from opspact.schema.contract_files import read_tree

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[3]
TREE = read_tree(TOP)
COMPILE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from building import compiled
from opspact.schema.contract_files import read_tree
print(compiled(read_tree(Path(sys.argv[1]))).digest)
"""


def without_comments(files: dict[str, bytes]) -> dict[str, bytes]:
    playbook = re.sub(rb"^ *#.*\n", b"", files["site.yml"], flags=re.MULTILINE)
    return {**files, "site.yml": playbook}


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "America/Anchorage", "LC_ALL": "C.UTF-8", "PYTHONOPTIMIZE": "1"},
        {"PYTHONHASHSEED": "random", "LANG": "zh_CN.GBK", "PYTHONUTF8": "0", "HOME": "/nonexistent"},
    ],
    ids=["hash seed 1, C", "hash seed 2, UTF-8", "random, GBK"],
)
def test_hash_seed_locale_zone_and_folder_mean_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMPILE, str(TOP), str(TOP / "tests" / "support")]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(TOP / "src")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == compiled(TREE).digest, done.stderr


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_files_are_read_means_nothing(seed: int) -> None:
    paths = list(TREE)
    random.Random(seed).shuffle(paths)
    assert compiled({path: TREE[path] for path in paths}).digest == compiled(TREE).digest


@pytest.mark.parametrize("seed", range(3))
def test_in_which_file_a_policy_stands_changes_comments_alone(seed: int) -> None:
    documents = [
        document
        for path, data in TREE.items()
        if path.startswith("policies/")
        for document in re.split(rb"^---\n", data, flags=re.MULTILINE)
        if yaml.safe_load(document)
    ]
    random.Random(seed).shuffle(documents)
    others = {path: data for path, data in TREE.items() if not path.startswith("policies/")}
    moved = {f"policies/{number % 3}/深/{number:03}.yml": document for number, document in enumerate(documents)}
    found, expected = compiled({**others, **moved}), compiled(TREE)
    assert without_comments(dict(found.files)) == without_comments(dict(expected.files))
    assert found.digest != expected.digest  # the comments name the files


def test_compiling_twice_gives_the_same_project() -> None:
    assert compiled(TREE) == compiled(TREE)
