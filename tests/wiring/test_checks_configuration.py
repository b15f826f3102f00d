"""Checks of the settings: each has an id and a hint."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa import checks
from tests.wiring.checked import PRODUCTION, SANDBOX, hints, urlconf


@pytest.mark.parametrize(
    ("id_", "changes", "hint"),
    [
        pytest.param("E003", {**SANDBOX, "PASSKEY": ""}, "MPESA_PASSKEY", id="E003 one credential is missing"),
        pytest.param("E003", {"ENVIRONMENT": "production"}, "MPESA_CONSUMER_KEY", id="E003 production without any"),
        pytest.param(
            "E004", {**PRODUCTION, "SHORTCODE": "174379"}, "your own short code", id="E004 sandbox short code"
        ),
        pytest.param("E005", {**PRODUCTION, "BASE_URL": "https://other.example"}, "Remove it", id="E005 another host"),
        pytest.param(
            "E006",
            {**PRODUCTION, "CALLBACK_URL": "http://shop.example/hooks"},
            "https://",
            id="E006 http in production",
        ),
        pytest.param(
            "E006", {**SANDBOX, "CALLBACK_URL": "https://shop.example/hooks?a=1"}, "query string", id="E006 a query"
        ),
        pytest.param(
            "E006", {**SANDBOX, "CALLBACK_URL": "shop.example/hooks"}, "https://", id="E006 no address at all"
        ),
        pytest.param("E007", {**PRODUCTION, "TEST_MODE": True}, "Remove MPESA_TEST_MODE", id="E007 test mode"),
        pytest.param("E008", {}, "MPESA_TEST_MODE=true", id="E008 nothing is allowed"),
        pytest.param(
            "E008", {**SANDBOX, "TEST_MODE": False}, "MPESA_ENVIRONMENT=production", id="E008 sandbox unasked"
        ),
        pytest.param("E014", {**PRODUCTION, "CACHE": "tokens"}, "the default one", id="E014 a cache that is not there"),
        pytest.param("E015", {**PRODUCTION, "ROUNDING": "half"}, "have their defaults", id="E015 an unusable value"),
    ],
)
def test_invalid_setting_is_an_error_with_a_hint(settings: Any, id_: str, changes: dict[str, Any], hint: str) -> None:
    found = hints(checks.check_configuration, settings, **changes)

    assert list(found) == [id_]
    assert hint in found[id_]


def test_shop_without_time_zones_is_an_error(settings: Any) -> None:
    settings.USE_TZ = False

    found = hints(checks.check_configuration, settings, **PRODUCTION)

    assert list(found) == ["E013"] and "USE_TZ = True" in found["E013"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"SHORTCODE": "60098"}, [], id="five digits"),
        pytest.param({"SHORTCODE": "0712345678"}, ["MPESA_SHORTCODE"], id="a phone for the short code"),
        pytest.param({"TILL_NUMBER": "till 5123456"}, ["MPESA_TILL_NUMBER"], id="words beside the till"),
        pytest.param(
            {"CONSUMER_KEY": '"key"', "PASSKEY": "pass key"}, ["MPESA_CONSUMER_KEY", "MPESA_PASSKEY"], id="quotes"
        ),
        pytest.param({"CONSUMER_SECRET": "<secret>"}, ["MPESA_CONSUMER_SECRET"], id="a placeholder"),
    ],
)
def test_unknown_setting_is_a_warning_without_its_value(
    settings: Any, changes: dict[str, str], named: list[str]
) -> None:
    settings.OSCAR_MPESA = {**PRODUCTION, **changes}

    found = {str(message.id): message.msg for message in checks.check_spelling()}

    assert found == ({"oscar_mpesa.W010": f"This looks mistyped: {', '.join(named)}."} if named else {})


def test_store_number_equal_to_the_till_is_a_warning(settings: Any) -> None:
    mixed_up = {**PRODUCTION, "SHORTCODE_TYPE": "", "SHORTCODE": "5123456", "TILL_NUMBER": "5123456"}

    found = hints(checks.check_configuration, settings, **mixed_up)

    assert list(found) == ["W011"] and "store number" in found["W011"]


@pytest.mark.parametrize(
    ("address", "changes", "ids"),
    [
        pytest.param("https://shop.example/hooks", {}, [], id="a public name"),
        pytest.param("https://41.90.64.1/hooks", {}, [], id="a public number"),
        pytest.param("http://localhost:8000/hooks", {}, ["W005"], id="this machine"),
        pytest.param("https://192.168.1.20/hooks", {}, ["W005"], id="the network at home"),
        pytest.param("https://shop.local/hooks", {}, ["W005"], id="a name at home"),
        pytest.param("https://[bad/hooks", {}, [], id="no address, which E006 says"),
        pytest.param("http://127.0.0.1/hooks", {"BASE_URL": "http://127.0.0.1:8100"}, [], id="the simulator beside it"),
        pytest.param("http://127.0.0.1/hooks", {"BASE_URL": "https://daraja.example"}, ["W005"], id="another one"),
        pytest.param("https://duka.ngrok-free.app/hooks", {}, [], id="a tunnel to the sandbox"),
        pytest.param("https://duka.ngrok.io/hooks", {"ENVIRONMENT": "production"}, ["W006"], id="a tunnel"),
    ],
)
def test_unreachable_callback_address_is_a_warning(
    settings: Any, address: str, changes: dict[str, str], ids: list[str]
) -> None:
    found = hints(checks.check_callback_address, settings, **{**SANDBOX, "CALLBACK_URL": address, **changes})

    assert list(found) == ids
    assert all("MPESA_CALLBACK_URL" in hint for hint in found.values())


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        pytest.param("https://shop.example/api/payments/hooks", [], id="the neutral one"),
        pytest.param("https://shop.example/api/payments/mpesa/callback/", [], id="the one with a name"),
        pytest.param("", [], id="none"),
        pytest.param("https://shop.example/api/payment/hooks", ["W012"], id="a letter is missing"),
        pytest.param("https://shop.example/en/", ["W012"], id="a page of the shop"),
        pytest.param("https://shop.example", ["W012"], id="the domain alone"),
    ],
)
def test_callback_address_without_url_is_a_warning(settings: Any, address: str, ids: list[str]) -> None:
    found = hints(checks.check_callback_path, settings, **{**SANDBOX, "CALLBACK_URL": address})

    assert list(found) == ids
    assert all("/api/payments/hooks" in hint for hint in found.values())


def test_hint_names_the_path_if_urls_are_not_mounted(settings: Any) -> None:
    settings.ROOT_URLCONF = urlconf()

    assert "/api/payments/hooks" in hints(checks.check_callback_path, settings, **SANDBOX)["W012"]


def test_http_address_is_enough_in_the_sandbox(settings: Any) -> None:
    found = hints(checks.check_configuration, settings, **{**SANDBOX, "CALLBACK_URL": "http://shop.example/hooks"})

    assert found == {}


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({"SHORTCODE_TYPE": ""}, ["W004"], id="nothing said"),
        pytest.param({"SHORTCODE_TYPE": "till"}, ["E002", "W004"], id="a till without its number"),
        pytest.param(
            {"SHORTCODE_TYPE": "paybill", "TILL_NUMBER": "5123456"}, ["E002"], id="a paybill with a till's number"
        ),
        pytest.param({"SHORTCODE_TYPE": "paybill"}, [], id="a paybill"),
        pytest.param({"SHORTCODE_TYPE": "", "TILL_NUMBER": "5123456"}, [], id="a till"),
    ],
)
def test_production_requires_the_shortcode_type(settings: Any, changes: dict[str, str], ids: list[str]) -> None:
    found = hints(checks.check_configuration, settings, **{**PRODUCTION, **changes})

    assert list(found) == ids
    assert all("MPESA_SHORTCODE_TYPE=paybill" in hint and "store number" in hint for hint in found.values())


def test_callback_address_with_a_forbidden_word_is_a_warning(settings: Any) -> None:
    with_word = {**SANDBOX, "CALLBACK_URL": "https://shop.example/api/payments/mpesa/callback"}

    found = hints(checks.check_callback_address, settings, **with_word)

    assert list(found) == ["W003"] and "/api/payments/hooks" in found["W003"]
    assert hints(checks.check_callback_address, settings, **SANDBOX) == {}


@pytest.mark.parametrize(
    ("proxy", "changes", "ids"),
    [
        pytest.param(
            "SECURE_PROXY_SSL_HEADER", {"CALLBACK_IP_POLICY": "confirm"}, ["W013"], id="https ends at a proxy"
        ),
        pytest.param("USE_X_FORWARDED_HOST", {"CALLBACK_IP_POLICY": "confirm"}, ["W013"], id="a proxy names the host"),
        pytest.param("", {"CALLBACK_IP_POLICY": "confirm"}, [], id="no sign of a proxy"),
        pytest.param(
            "USE_X_FORWARDED_HOST", {"CALLBACK_IP_POLICY": "confirm", "TRUSTED_PROXIES": 1}, [], id="a counted proxy"
        ),
        pytest.param("USE_X_FORWARDED_HOST", {"CALLBACK_IP_POLICY": "warn"}, [], id="addresses are only logged"),
    ],
)
def test_uncounted_proxy_is_a_warning_where_addresses_decide(
    settings: Any, proxy: str, changes: dict[str, Any], ids: list[str]
) -> None:
    if proxy:
        setattr(settings, proxy, ("HTTP_X_FORWARDED_PROTO", "https"))

    found = hints(checks.check_callback_policy, settings, **{**PRODUCTION, **changes})

    assert list(found) == ids
    assert all("MPESA_TRUSTED_PROXIES" in hint for hint in found.values())
