"""Every configuration mistake has its id and says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oscar.apps.checkout.views import PaymentDetailsView
from oscar.core.loading import get_model

from oscar_mpesa import checks
from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.integration import mixed

SANDBOX = {
    "CONSUMER_KEY": "key",
    "CONSUMER_SECRET": "secret",
    "SHORTCODE": "174379",
    "PASSKEY": "passkey",
    "CALLBACK_URL": "https://shop.example/api/payments/hooks",
    "TEST_MODE": True,
}
PRODUCTION = {**SANDBOX, "ENVIRONMENT": "production", "SHORTCODE": "600986", "KIND": "paybill", "TEST_MODE": False}


def told(check: Any, settings: Any, **changes: Any) -> dict[str, str]:
    """What a check says of such settings: hints by id."""
    settings.OSCAR_MPESA = changes
    return {str(message.id).removeprefix("oscar_mpesa."): str(message.hint) for message in check()}


def urlconf(*urlpatterns: Any) -> ModuleType:
    module = ModuleType("a_shops_urls")
    module.urlpatterns = list(urlpatterns)  # type: ignore[attr-defined]
    return module


def details(view: Any) -> Any:
    return path("checkout/", include(([path("payment-details/", view, name="payment-details")], "checkout")))


def test_the_sandbox_shop_has_nothing_to_be_told(settings: Any) -> None:
    call_command("check", fail_level="WARNING")

    assert told(checks.check_configuration, settings, **SANDBOX) == {}
    assert told(checks.check_configuration, settings, **PRODUCTION) == {}


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
    ],
)
def test_a_fault_is_an_error_with_a_hint(settings: Any, id_: str, changes: dict[str, Any], hint: str) -> None:
    said = told(checks.check_configuration, settings, **changes)

    assert list(said) == [id_]
    assert hint in said[id_]


def test_a_shop_without_time_zones_is_an_error(settings: Any) -> None:
    settings.USE_TZ = False

    said = told(checks.check_configuration, settings, **PRODUCTION)

    assert list(said) == ["E013"] and "USE_TZ = True" in said["E013"]


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
def test_what_looks_mistyped_is_a_warning_that_shows_no_key(
    settings: Any, changes: dict[str, str], named: list[str]
) -> None:
    settings.OSCAR_MPESA = {**PRODUCTION, **changes}

    said = {str(message.id): message.msg for message in checks.check_spelling()}

    assert said == ({"oscar_mpesa.W010": f"This looks mistyped: {', '.join(named)}."} if named else {})


def test_a_till_whose_store_number_is_the_till_itself_is_a_warning(settings: Any) -> None:
    mixed_up = {**PRODUCTION, "KIND": "", "SHORTCODE": "5123456", "TILL_NUMBER": "5123456"}

    said = told(checks.check_configuration, settings, **mixed_up)

    assert list(said) == ["W011"] and "store number" in said["W011"]


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
def test_an_address_that_safaricom_cannot_come_to_is_a_warning(
    settings: Any, address: str, changes: dict[str, str], ids: list[str]
) -> None:
    said = told(checks.check_callback_address, settings, **{**SANDBOX, "CALLBACK_URL": address, **changes})

    assert list(said) == ids
    assert all("MPESA_CALLBACK_URL" in hint for hint in said.values())


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
def test_a_callback_address_that_leads_nowhere_here_is_a_warning(settings: Any, address: str, ids: list[str]) -> None:
    said = told(checks.check_callback_path, settings, **{**SANDBOX, "CALLBACK_URL": address})

    assert list(said) == ids
    assert all("/api/payments/hooks" in hint for hint in said.values())


def test_the_path_is_told_where_nothing_is_mounted_too(settings: Any) -> None:
    settings.ROOT_URLCONF = urlconf()

    assert "/api/payments/hooks" in told(checks.check_callback_path, settings, **SANDBOX)["W012"]


def test_a_callback_address_with_a_word_in_the_sandbox(settings: Any) -> None:
    said = told(checks.check_configuration, settings, **{**SANDBOX, "CALLBACK_URL": "http://shop.example/hooks"})

    assert said == {}


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({"KIND": ""}, ["W004"], id="nothing said"),
        pytest.param({"KIND": "till"}, ["E002", "W004"], id="a till without its number"),
        pytest.param({"KIND": "paybill", "TILL_NUMBER": "5123456"}, ["E002"], id="a paybill with a till's number"),
        pytest.param({"KIND": "paybill"}, [], id="a paybill"),
        pytest.param({"KIND": "", "TILL_NUMBER": "5123456"}, [], id="a till"),
    ],
)
def test_production_is_asked_whether_its_number_is_a_paybill_or_a_till(
    settings: Any, changes: dict[str, str], ids: list[str]
) -> None:
    said = told(checks.check_configuration, settings, **{**PRODUCTION, **changes})

    assert list(said) == ids
    assert all("MPESA_KIND=paybill" in hint and "store number" in hint for hint in said.values())


def test_a_callback_address_with_a_word_that_safaricom_refuses_is_a_warning(settings: Any) -> None:
    with_word = {**SANDBOX, "CALLBACK_URL": "https://shop.example/api/payments/mpesa/callback"}

    said = told(checks.check_callback_address, settings, **with_word)

    assert list(said) == ["W003"] and "/api/payments/hooks" in said["W003"]
    assert told(checks.check_callback_address, settings, **SANDBOX) == {}


@pytest.mark.parametrize("wrapped", [False, True], ids=["a view of the shop's", "one behind a login"])
def test_a_checkout_that_does_not_know_mpesa_is_an_error_that_names_the_mixin(settings: Any, wrapped: bool) -> None:
    view = PaymentDetailsView.as_view()
    settings.ROOT_URLCONF = urlconf(
        details(login_required(view) if wrapped else view), path("api/payments/", include("oscar_mpesa.urls"))
    )

    said = told(checks.check_checkout, settings)

    assert list(said) == ["E001"]
    assert "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base" in said["E001"]


def test_a_view_without_a_class_is_an_error_too(settings: Any) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    settings.ROOT_URLCONF = urlconf(details(view), path("api/payments/", include("oscar_mpesa.urls")))

    assert list(told(checks.check_checkout, settings)) == ["E001"]


def test_a_checkout_behind_a_login_that_knows_mpesa_is_fine(settings: Any) -> None:
    view = login_required(mixed(PaymentDetailsView, MpesaPaymentDetailsMixin).as_view())  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urlconf(details(view), path("api/payments/", include("oscar_mpesa.urls")))

    assert told(checks.check_checkout, settings) == {}


def test_addresses_that_are_not_mounted_are_an_error(settings: Any) -> None:
    view = mixed(PaymentDetailsView, MpesaPaymentDetailsMixin).as_view()  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urlconf(details(view))

    said = told(checks.check_checkout, settings)

    assert list(said) == ["E009"]
    assert 'path("api/payments/", include("oscar_mpesa.urls"))' in said["E009"]


def test_a_project_without_a_checkout_is_asked_nothing_about_it(settings: Any) -> None:
    settings.ROOT_URLCONF = urlconf()

    assert told(checks.check_checkout, settings) == {}


def test_a_pipeline_of_the_shops_order_class_is_reported_with_what_it_lacks(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_model("order", "Order"), "pipeline", {"Pending": ("Being processed",)})

    (message,) = list[CheckMessage](checks.check_pipeline())

    assert message.id == "oscar_mpesa.W001"
    assert "Pending payment → Being processed, Payment expired, Cancelled" in message.msg
    assert "Cancelled → (nothing)" in message.msg
    assert "pipeline of your own Order class" in str(message.hint)


def test_a_shop_in_another_currency_is_warned(settings: Any) -> None:
    before = told(checks.check_currency, settings)
    settings.OSCAR_DEFAULT_CURRENCY = "GBP"

    said = told(checks.check_currency, settings)

    assert before == {}
    assert list(said) == ["W002"] and '"KES"' in said["W002"]


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        pytest.param("", [], id="none"),
        pytest.param(urlconf, [], id="a function"),
        pytest.param("django.urls.include", [], id="the path of a function"),
        pytest.param("django.urls.exclude", ["E011"], id="a name that is not there"),
        pytest.param("shop.api.owns", ["E011"], id="a module that is not there"),
        pytest.param("owns", ["E011"], id="no path"),
        pytest.param("django.VERSION", ["E011"], id="the path of something else"),
    ],
)
def test_an_owner_check_that_nobody_can_ask_is_an_error(settings: Any, path: Any, ids: list[str]) -> None:
    said = told(checks.check_owner_check, settings, OWNER_CHECK=path)

    assert list(said) == ids
    assert all("a request and an order" in hint for hint in said.values())


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({"TEST_MODE": True}, ["E010"], id="simulated"),
        pytest.param(SANDBOX, ["E010"], id="the sandbox"),
        pytest.param(PRODUCTION, [], id="production"),
        pytest.param({}, [], id="faulty: told by E008 already"),
    ],
)
def test_a_deployed_shop_that_takes_no_real_money_is_an_error(
    settings: Any, changes: dict[str, Any], ids: list[str]
) -> None:
    said = told(checks.check_deployment, settings, **changes)

    assert list(said) == ids
    assert all("MPESA_ENVIRONMENT=production" in hint for hint in said.values())


@pytest.mark.parametrize(
    ("engine", "options", "ids"),
    [
        pytest.param("mysql", {}, [], id="Django's default"),
        pytest.param("mysql", {"isolation_level": "READ COMMITTED"}, [], id="the same, said"),
        pytest.param("mysql", {"isolation_level": "repeatable read"}, ["E012"], id="repeatable read"),
        pytest.param("mysql", {"isolation_level": None}, ["E012"], id="the server's own"),
        pytest.param("postgresql", {"isolation_level": 2}, [], id="PostgreSQL, which refuses stale writes"),
    ],
)
def test_a_database_that_shows_orders_as_they_were_is_an_error(
    monkeypatch: pytest.MonkeyPatch, settings: Any, engine: str, options: dict[str, Any], ids: list[str]
) -> None:
    database = {"ENGINE": f"django.db.backends.{engine}", "OPTIONS": options}
    monkeypatch.setitem(settings.DATABASES, "default", database)

    assert list(told(checks.check_isolation, settings)) == ids


@pytest.mark.parametrize(
    ("backend", "ids"),
    [
        pytest.param("django.core.cache.backends.locmem.LocMemCache", ["W007"], id="one for each process"),
        pytest.param("django.core.cache.backends.dummy.DummyCache", ["W007"], id="none"),
        pytest.param("django.core.cache.backends.redis.RedisCache", [], id="Redis"),
    ],
)
def test_workers_without_a_common_cache_are_a_warning(settings: Any, backend: str, ids: list[str]) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}

    said = told(checks.check_cache, settings, **PRODUCTION)

    assert list(said) == ids
    assert all("Redis" in hint for hint in said.values())


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        pytest.param({}, [], id="a server and a sender"),
        pytest.param({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, ["W008"], id="console"),
        pytest.param({"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}, ["W008"], id="dummy"),
        pytest.param({"DEFAULT_FROM_EMAIL": "webmaster@localhost"}, ["W009"], id="Django's sender"),
        pytest.param({"OSCAR_FROM_EMAIL": "oscar@example.com"}, ["W009"], id="Oscar's sender"),
    ],
)
def test_mails_that_nobody_gets_are_a_warning(settings: Any, changes: dict[str, str], ids: list[str]) -> None:
    right = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"}
    right |= dict.fromkeys(("DEFAULT_FROM_EMAIL", "OSCAR_FROM_EMAIL"), "duka@duka.co.ke")
    for name, value in {**right, **changes}.items():
        setattr(settings, name, value)

    said = told(checks.check_mail, settings)

    assert list(said) == ids
    assert all("Set " in hint for hint in said.values())


def test_what_only_a_deployment_is_asked_about_is_not_said_every_day() -> None:
    usual = {message.id for message in run_checks(tags=["oscar_mpesa"])}
    deployed = {message.id for message in run_checks(tags=["oscar_mpesa"], include_deployment_checks=True)}

    assert usual == set()
    assert deployed == {f"oscar_mpesa.{id_}" for id_ in ("E010", "W007", "W008")}


def test_no_id_is_without_a_test() -> None:
    tested = set(re.findall(r"\b[EW]0\d\d\b", Path(__file__).read_text(encoding="utf-8")))
    written = [path.read_text(encoding="utf-8") for path in Path(checks.__file__).parent.glob("*.py")]

    assert set(re.findall(r"\b[EW]0\d\d\b", "".join(written))) == tested
