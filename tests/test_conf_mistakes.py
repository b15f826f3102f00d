"""An OSCAR_MPESA that cannot be used stops M-PESA and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.conf import MpesaSettings, get_settings, mpesa_settings, settings_mistakes
from tests.conf_values import PRODUCTION, environment, read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "Production"),
        ("AVAILABLE_TO", "guests"),
        ("SHORTCODE_TYPE", "wallet"),
        ("ROUNDING", "half"),
        ("ALLOWED_IPS", ["not an address"]),
        ("ALLOWED_IPS", "196.201.214.200"),
        ("CALLBACK_IP_POLICY", "refuse"),
        ("ALERT_EMAILS", "a@shop.example"),
        ("OTHER_METHODS", [("cod", "Cash on delivery")]),
        ("TRUSTED_PROXIES", "two"),
        ("PAYMENT_WINDOW_MINUTES", 0),
        ("PAY_LATER_HOURS", None),
        ("ADDRESS_ALERT_LIMIT", -1),
        ("TEST_MODE", "false"),
    ],
)
def test_unusable_value_keeps_the_default_and_stops_mpesa(settings: Any, name: str, value: Any) -> None:
    settings.OSCAR_MPESA = {name: value}

    ours = get_settings()

    assert [mistake.partition(":")[0] for mistake in settings_mistakes()] == [name]
    assert getattr(ours, name) == getattr(MpesaSettings(), name)
    assert ("E015" in ours.faults, ours.available_to) == (True, "nobody")


def test_unknown_key_stops_mpesa_and_lists_the_known_keys(settings: Any) -> None:
    ours = read(settings, **PRODUCTION, CONSUMER_KEYS="a secret", ALERT_EMAILS=["mama@shop.example"])

    (mistake,) = settings_mistakes()
    assert mistake.startswith("CONSUMER_KEYS: there is no such setting; the settings are ADDRESS_ALERT_LIMIT, ")
    assert "a secret" not in mistake
    assert (ours.faults, ours.ALERT_EMAILS, ours.SHORTCODE) == (("E015",), ("mama@shop.example",), "600986")


@pytest.mark.parametrize("given", [None, "sandbox", [("TEST_MODE", True)]], ids=["None", "a text", "a list"])
def test_settings_that_are_no_dictionary_stop_mpesa_only(settings: Any, given: Any) -> None:
    settings.OSCAR_MPESA = given

    assert settings_mistakes() == ("it is not a dictionary",)
    assert get_settings().available_to == "nobody"


@pytest.mark.parametrize("name", ["PAYMENT_WINDOW_MINUTES", "TRUSTED_PROXIES"])
def test_variable_that_is_no_number_is_left_to_the_check(settings: Any, name: str) -> None:
    read(settings, **mpesa_settings(environment(**{f"MPESA_{name}": "half an hour"})))

    (mistake,) = settings_mistakes()
    assert mistake.startswith(f"{name}: invalid literal")


@pytest.mark.parametrize("name", ["PENDING_STATUS", "EXPIRED_STATUS", "PAID_STATUS"])
def test_statuses_that_are_the_same_keep_the_defaults(settings: Any, name: str) -> None:
    ours = read(settings, **{name: "Gone", "CANCELLED_STATUS": "Gone", "SUPPORT_CONTACT": "0700"})

    assert settings_mistakes() == ("PENDING_STATUS, PAID_STATUS, EXPIRED_STATUS and CANCELLED_STATUS must differ",)
    statuses = (ours.PENDING_STATUS, ours.PAID_STATUS, ours.EXPIRED_STATUS, ours.CANCELLED_STATUS)
    assert statuses == ("Pending payment", "Being processed", "Payment expired", "Cancelled")
    assert (ours.SUPPORT_CONTACT, ours.available_to) == ("0700", "nobody")
