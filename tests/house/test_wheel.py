"""The wheel contains everything that a shop needs and works without this source tree."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, files

pytestmark = pytest.mark.slow

#: The script for the new environment: it sets up a shop and makes a purchase.
SHOP = ROOT / "tests" / "house" / "wheel_shop.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(_copy(folder / "tree")))
    return next(folder.glob("*.whl"))


@pytest.fixture
def new_python(tmp_path: Path) -> Path:
    _run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    return tmp_path / "venv" / "bin" / "python"


def test_wheel_contains_every_file_of_package(wheel: Path) -> None:
    expected = {path.relative_to(ROOT).as_posix() for path in files("*", "oscar_mpesa")}

    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == expected
    assert {"oscar_mpesa/py.typed", "oscar_mpesa/locale/sw/LC_MESSAGES/django.mo"} <= packed
    assert {name.split("/")[1] for name in packed} >= {"templates", "static", "migrations"}


def test_shop_with_only_the_wheel_takes_a_payment(wheel: Path, new_python: Path, tmp_path: Path) -> None:
    _run(str(new_python), "-m", "pip", "install", "--quiet", str(wheel), "sorl-thumbnail")

    output = _run(str(new_python), "-I", str(SHOP), cwd=tmp_path)

    assert output == "paid: Being processed\n"


def _copy(tree: Path) -> Path:
    for path in _packed_sources():
        target = tree / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tree


def _packed_sources() -> Iterator[Path]:
    yield from files("*", "oscar_mpesa")
    yield from (ROOT / name for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"))


def _run(*arguments: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
