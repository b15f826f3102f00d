"""A running shop takes M-Pesa by the README's lines alone; another process each time, for it has other apps."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.house.sources import ROOT


def run(*words: str, settings: str = "settings", store: str = "duka") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "PYTEST_"))}
    environment["DJANGO_SETTINGS_MODULE"] = f"tests.stores.{store}.{settings}"
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("settings", id="M-Pesa last of the apps"),
        pytest.param("settings_first", id="M-Pesa first of the apps"),
        pytest.param("settings_by_hand", id="the mixins put in by hand"),
    ],
)
def test_the_shop_sells_by_mpesa_and_by_card(settings: str) -> None:
    done = run("pytest", "tests/stores/duka/selling.py", "--quiet", "-p", "no:cacheprovider", settings=settings)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_a_shop_that_forgot_the_mixins_is_told_so_and_what_to_write() -> None:
    done = run("django", "check", settings="settings_forgotten")

    assert done.returncode == 1, done.stdout
    assert "oscar_mpesa.E001" in done.stderr
    assert "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base" in done.stderr
