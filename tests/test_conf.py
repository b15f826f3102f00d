"""The shop's settings: conversion, validation and derived values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from oscar_mpesa.conf import ENVIRONMENT_NAMES, MpesaSettings, get_settings, mpesa_settings, settings_mistakes
from oscar_mpesa.domain.money import Rounding
from tests.conf_values import CREDENTIALS, PRODUCTION, environment, read

VALUES: dict[str, tuple[str, Any]] = {
    "ENVIRONMENT": ("production", "production"),
    "CONSUMER_KEY": (" key ", "key"),
    "CONSUMER_SECRET": ("secret", "secret"),
    "SHORTCODE": ("600986", "600986"),
    "PASSKEY": ("passkey", "passkey"),
    "CALLBACK_URL": ("https://shop.example/hooks", "https://shop.example/hooks"),
    "TILL_NUMBER": ("5123456", "5123456"),
    "SHORTCODE_TYPE": ("till", "till"),
    "BASE_URL": ("https://daraja.example/", "https://daraja.example/"),
    "TEST_MODE": ("true", True),
    "ALLOWED_IPS": ("196.201.214.200,196.201.213.0/24", ("196.201.214.200/32", "196.201.213.0/24")),
    "CALLBACK_IP_POLICY": ("confirm", "confirm"),
    "TRUSTED_PROXIES": ("2", 2),
    "SUPPORT_CONTACT": ("0700 000 000", "0700 000 000"),
    "NAME_ON_PROMPT": ("JUMA TRADERS", "JUMA TRADERS"),
    "AVAILABLE_TO": ("staff", "staff"),
    "PAYMENT_WINDOW_MINUTES": ("45", 45),
    "PAY_LATER_HOURS": ("48", 48),
    "PAY_LATER_MAX": ("2500", 2500),
    "ADDRESS_ALERT_LIMIT": ("0", 0),
    "ADDRESS_LIMIT": ("40", 40),
    "ALERT_EMAILS": ("a@shop.example,b@shop.example", ("a@shop.example", "b@shop.example")),
    "HEALTH_TOKEN": ("a long random word", "a long random word"),
    "ROUNDING": ("nearest", Rounding.NEAREST),
}


def test_every_environment_variable_is_read_with_its_type(settings: Any) -> None:
    env = environment(**{f"MPESA_{name}": text for name, (text, _) in VALUES.items()})

    ours = read(settings, **mpesa_settings(env))

    assert set(VALUES) == ENVIRONMENT_NAMES
    assert {name: getattr(ours, name) for name in VALUES} == {name: value for name, (_, value) in VALUES.items()}


def test_absent_and_empty_variables_keep_defaults() -> None:
    env = environment(
        MPESA_SUPPORT_CONTACT="", MPESA_TRUSTED_PROXIES="  ", OTHER="1", MPESA_CACHE="read from no environment"
    )

    assert mpesa_settings(env) == {}


def test_shop_without_settings_has_defaults(settings: Any) -> None:
    settings.OSCAR_MPESA = {}  # this clears the cache, a deletion does not
    del settings.OSCAR_MPESA

    assert get_settings() == MpesaSettings(PAID_STATUS="Being processed", CANCELLED_STATUS="Cancelled")


@pytest.mark.parametrize("name", sorted(field.name for field in fields(MpesaSettings)))
def test_every_setting_can_come_from_a_plain_dict(settings: Any, name: str) -> None:
    default = getattr(read(settings), name)

    assert getattr(read(settings, **{name: default}), name) == default
    assert settings_mistakes() == ()


@pytest.mark.parametrize("check", ["shop.api.owns", len], ids=["a dotted path", "a function"])
def test_ownership_check_is_function_or_dotted_path(settings: Any, check: Any) -> None:
    assert check == read(settings, ORDER_OWNERSHIP_CHECK=check).ORDER_OWNERSHIP_CHECK


def test_other_methods_are_tuples_of_three(settings: Any) -> None:
    ours = read(settings, OTHER_METHODS=[["cod", "Cash on delivery", None]])

    assert ours.OTHER_METHODS == (("cod", "Cash on delivery", None),)


@pytest.mark.parametrize(
    ("name", "value", "shaped"),
    [
        pytest.param("SHORTCODE", 174379, "174379", id="a number"),
        pytest.param("PASSKEY", None, "", id="an unset variable"),
        pytest.param("CONSUMER_KEY", " pasted\n", "pasted", id="surrounding blanks"),
    ],
)
def test_text_is_stripped_and_converted(settings: Any, name: str, value: Any, shaped: str) -> None:
    assert getattr(read(settings, **{name: value}), name) == shaped


def test_settings_are_reread_only_when_they_change(settings: Any) -> None:
    first = read(settings, SUPPORT_CONTACT="0700")
    settings.OSCAR_SHOP_NAME = "Another name"

    same, other = get_settings(), read(settings, SUPPORT_CONTACT="0711")

    assert same is first
    assert other.SUPPORT_CONTACT == "0711"


def test_settings_are_frozen(settings: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        read(settings).SUPPORT_CONTACT = "0700"  # type: ignore[misc]


def test_repr_shows_no_secrets(settings: Any) -> None:
    shown = repr(read(settings, **PRODUCTION))

    assert "600986" in shown
    assert not any(secret in shown for secret in ("key-of-the-app", "secret-of-the-app", "passkey-of-the-app"))


@pytest.mark.parametrize(
    ("given", "environment_", "simulated", "test"),
    [
        pytest.param({}, "simulated", True, True, id="nothing"),
        pytest.param(CREDENTIALS, "sandbox", False, True, id="sandbox credentials"),
        pytest.param({"SHORTCODE": "600986"}, "sandbox", False, True, id="one credential: no simulator"),
        pytest.param({**CREDENTIALS, "TEST_MODE": True}, "sandbox", False, True, id="sandbox credentials in test mode"),
        pytest.param(PRODUCTION, "production", False, False, id="production"),
        pytest.param({"ENVIRONMENT": "production"}, "production", False, False, id="production without credentials"),
    ],
)
def test_only_production_is_real_money(
    settings: Any, given: dict[str, Any], environment_: str, simulated: bool, test: bool
) -> None:
    ours = read(settings, **given)

    assert (ours.environment, ours.is_simulated, ours.is_test) == (environment_, simulated, test)


@pytest.mark.parametrize(
    ("given", "has_all", "has_some"),
    [
        pytest.param({}, False, False, id="none"),
        pytest.param({**CREDENTIALS, "PASSKEY": ""}, False, True, id="four"),
        pytest.param(CREDENTIALS, True, False, id="all five"),
    ],
)
def test_partial_credentials_are_recognized(
    settings: Any, given: dict[str, Any], has_all: bool, has_some: bool
) -> None:
    ours = read(settings, **given)

    assert (ours.has_credentials, ours.has_half_credentials) == (has_all, has_some)


@pytest.mark.parametrize(
    ("given", "debug", "faults"),
    [
        pytest.param(PRODUCTION, False, (), id="a live shop"),
        pytest.param({}, False, ("E008",), id="nothing, and DEBUG off"),
        pytest.param({}, True, (), id="nothing, and DEBUG on"),
        pytest.param({"TEST_MODE": True}, False, (), id="test mode"),
        pytest.param({**PRODUCTION, "SHORTCODE": 174379, "BASE_URL": "x"}, False, ("E004", "E005"), id="two at once"),
        pytest.param({**PRODUCTION, "CALLBACK_URL": "https://shop.example/a b"}, False, ("E006",), id="a blank"),
    ],
)
def test_faults_are_listed_by_id(settings: Any, given: dict[str, Any], debug: bool, faults: tuple[str, ...]) -> None:
    settings.DEBUG = debug

    assert read(settings, **given).faults == faults


def test_credentials_come_from_settings(settings: Any) -> None:
    credentials = read(settings, **PRODUCTION, TILL_NUMBER="5123456").credentials

    assert (credentials.shortcode, credentials.till) == ("600986", "5123456")
    assert credentials.base_url == "https://api.safaricom.co.ke"


def test_base_url_replaces_host_of_daraja(settings: Any) -> None:
    credentials = read(settings, **CREDENTIALS, BASE_URL="https://daraja.example/").credentials

    assert credentials.base_url == "https://daraja.example"


def test_missing_credentials_raise_improperly_configured(settings: Any) -> None:
    ours = read(settings)

    with pytest.raises(ImproperlyConfigured, match=r"manage\.py check"):
        _ = ours.credentials


@pytest.mark.parametrize("slash", ["", "/"])
def test_callback_url_has_secret_of_payment(settings: Any, slash: str) -> None:
    ours = read(settings, CALLBACK_URL=f"https://shop.example/api/payments/hooks{slash}")

    assert ours.callback_url("a1b2") == "https://shop.example/api/payments/hooks/a1b2/"


@pytest.mark.parametrize(
    ("setting", "shortcode", "available_to"),
    [
        ("everyone", "", "everyone"),
        ("staff", "", "staff"),
        ("nobody", "", "nobody"),
        ("everyone", "174379", "nobody"),
        ("staff", "174379", "nobody"),
    ],
)
def test_mpesa_is_unavailable_while_settings_have_faults(
    settings: Any, setting: str, shortcode: str, available_to: str
) -> None:
    settings.OSCAR_MPESA = {
        "TEST_MODE": True,
        "WAKE": settings.OSCAR_MPESA["WAKE"],
        "AVAILABLE_TO": setting,
        "SHORTCODE": shortcode,
    }

    assert get_settings().available_to == available_to
