"""A shop takes M-PESA with the README's lines alone. It runs in its own process, because it has other apps."""

from __future__ import annotations

import pytest

from tests.stores.process import run


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("settings", id="M-PESA is the last app"),
        pytest.param("settings_first", marks=pytest.mark.slow, id="M-PESA is the first app"),
        pytest.param("settings_manual", marks=pytest.mark.slow, id="mixins added manually"),
    ],
)
def test_shop_sells_by_mpesa_and_card(settings: str) -> None:
    done = run("pytest", "tests/stores/duka/purchases.py", "--quiet", "-p", "no:cacheprovider", settings=settings)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_deployment_check_fails_and_names_the_missing_mixins() -> None:
    done = run("django", "check", "--deploy", settings="settings_without_mixins")

    assert done.returncode == 1, done.stdout
    assert "oscar_mpesa.E001" in done.stderr
    assert "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base" in done.stderr
