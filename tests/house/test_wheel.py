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

SHOP = """
import sys
from pathlib import Path

import django
from django.conf import settings
from oscar import INSTALLED_APPS
from oscar.defaults import *

settings.configure(**{name: value for name, value in list(globals().items()) if name.startswith("OSCAR_")} | dict(
    DEBUG=True,
    SECRET_KEY="only for this test",
    SITE_ID=1,
    USE_TZ=True,
    LANGUAGE_CODE="sw",
    INSTALLED_APPS=[*INSTALLED_APPS, "sorl.thumbnail", "oscar_mpesa"],
    ROOT_URLCONF="shop_urls",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
))
django.setup()

import oscar_mpesa
from django.apps import apps
from django.urls import include, path, reverse

assert Path(oscar_mpesa.__file__).is_relative_to(sys.prefix), oscar_mpesa.__file__
assert apps.get_app_config("oscar_mpesa").get_models()

shop_urls = type(sys)("shop_urls")
sys.modules["shop_urls"] = shop_urls
shop_urls.urlpatterns = [
    path("api/payments/", include("oscar_mpesa.urls")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
assert reverse("checkout:payment-details")
print("the shop starts")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(place), str(_copy(place / "tree")))
    return next(place.glob("*.whl"))


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    _run(sys.executable, "-m", "venv", str(tmp_path / "bare"))
    return tmp_path / "bare" / "bin" / "python"


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    written = {path.relative_to(ROOT).as_posix() for path in files("*", "oscar_mpesa")}

    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == written
    assert {"oscar_mpesa/py.typed", "oscar_mpesa/locale/sw/LC_MESSAGES/django.mo"} <= packed
    assert {name.split("/")[1] for name in packed} >= {"templates", "static", "migrations"}


def test_a_shop_starts_with_the_wheel_alone(wheel: Path, bare_python: Path, tmp_path: Path) -> None:
    _run(str(bare_python), "-m", "pip", "install", "--quiet", str(wheel), "sorl-thumbnail")

    told = _run(str(bare_python), "-I", "-c", SHOP, cwd=tmp_path)

    assert told == "the shop starts\n"


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
