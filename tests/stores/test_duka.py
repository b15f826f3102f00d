"""A running shop takes M-Pesa by the README's lines alone; another process each time, for it has other apps."""

from __future__ import annotations

import pytest

from tests.stores.running import run


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("settings", id="M-Pesa last of the apps"),
        pytest.param("settings_first", id="M-Pesa first of the apps"),
        pytest.param("settings_by_hand", id="the mixins put in by hand"),
    ],
)
def test_shop_sells_by_mpesa_and_card(settings: str) -> None:
    done = run("pytest", "tests/stores/duka/selling.py", "--quiet", "-p", "no:cacheprovider", settings=settings)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_check_names_the_missing_mixins() -> None:
    done = run("django", "check", settings="settings_forgotten")

    assert done.returncode == 1, done.stdout
    assert "oscar_mpesa.E001" in done.stderr
    assert "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base" in done.stderr
