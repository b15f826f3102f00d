"""The wheel holds all that a shop needs, and works where nothing of this tree is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, files

pytestmark = pytest.mark.slow

#: What the bare Python is told to do: it opens a shop and buys something.
SHOP = ROOT / "tests" / "house" / "wheel_shop.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(place), str(_copy(place / "tree")))
    return next(place.glob("*.whl"))


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    _run(sys.executable, "-m", "venv", str(tmp_path / "bare"))
    return tmp_path / "bare" / "bin" / "python"


def test_wheel_contains_every_file_of_package(wheel: Path) -> None:
    written = {path.relative_to(ROOT).as_posix() for path in files("*", "oscar_mpesa")}

    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == written
    assert {"oscar_mpesa/py.typed", "oscar_mpesa/locale/sw/LC_MESSAGES/django.mo"} <= packed
    assert {name.split("/")[1] for name in packed} >= {"templates", "static", "migrations"}


def test_shop_with_only_the_wheel_takes_a_payment(wheel: Path, bare_python: Path, tmp_path: Path) -> None:
    _run(str(bare_python), "-m", "pip", "install", "--quiet", str(wheel), "sorl-thumbnail")

    told = _run(str(bare_python), "-I", str(SHOP), cwd=tmp_path)

    assert told == "paid: Being processed\n"


def _copy(tree: Path) -> Path:
    for path in _packed_sources():
        target = tree / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tree


def _packed_sources() -> Iterator[Path]:
    yield from files("*", "oscar_mpesa")
    yield from (ROOT / name for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"))


def _run(*words: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
