"""Checks of the shop: each has an id and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oscar.apps.checkout.views import PaymentDetailsView

from oscar_mpesa import checks
from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.checkout.shop_views import with_mixin
from tests.pipelines import forked_pipeline
from tests.wiring.checked import PRODUCTION, SANDBOX, hints, urlconf


def details(view: Any, preview: Any = None) -> Any:
    pages = [path("payment-details/", view, name="payment-details"), path("preview/", preview or view, name="preview")]
    return path("checkout/", include((pages, "checkout")))


def test_valid_settings_give_no_hints(settings: Any) -> None:
    call_command("check", fail_level="WARNING")

    assert hints(checks.check_configuration, settings, **SANDBOX) == {}
    assert hints(checks.check_configuration, settings, **PRODUCTION) == {}


@pytest.mark.parametrize("wrapped", [False, True], ids=["a view of the shop's", "one behind a login"])
def test_checkout_without_our_mixin_is_an_error(settings: Any, wrapped: bool) -> None:
    view = PaymentDetailsView.as_view()
    settings.ROOT_URLCONF = urlconf(
        details(login_required(view) if wrapped else view), path("api/payments/", include("oscar_mpesa.urls"))
    )

    found = hints(checks.check_checkout, settings)

    assert list(found) == ["E001"]
    assert "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base" in found["E001"]


class LastBase(PaymentDetailsView, MpesaPaymentDetailsMixin):
    """The mixin after Oscar's view, whose methods come first."""


@pytest.mark.parametrize("unaware", [PaymentDetailsView, LastBase], ids=["no mixin", "the mixin after Oscar's view"])
def test_preview_without_our_methods_is_an_error(settings: Any, unaware: Any) -> None:
    aware: Any = with_mixin(PaymentDetailsView, MpesaPaymentDetailsMixin)
    urls = path("api/payments/", include("oscar_mpesa.urls"))
    settings.ROOT_URLCONF = urlconf(details(aware.as_view(), unaware.as_view()), urls)

    [message] = list(checks.check_checkout())

    assert message.id == "oscar_mpesa.E001"
    assert "checkout:preview" in message.msg


def test_function_view_is_an_error(settings: Any) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    settings.ROOT_URLCONF = urlconf(details(view), path("api/payments/", include("oscar_mpesa.urls")))

    assert list(hints(checks.check_checkout, settings)) == ["E001"]


def test_checkout_behind_a_login_is_fine(settings: Any) -> None:
    view = login_required(with_mixin(PaymentDetailsView, MpesaPaymentDetailsMixin).as_view())  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urlconf(details(view), path("api/payments/", include("oscar_mpesa.urls")))

    assert hints(checks.check_checkout, settings) == {}


def test_unmounted_urls_are_an_error(settings: Any) -> None:
    view = with_mixin(PaymentDetailsView, MpesaPaymentDetailsMixin).as_view()  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urlconf(details(view))

    found = hints(checks.check_checkout, settings)

    assert list(found) == ["E009"]
    assert 'path("api/payments/", include("oscar_mpesa.urls"))' in found["E009"]


def test_project_without_checkout_is_not_checked(settings: Any) -> None:
    settings.ROOT_URLCONF = urlconf()

    assert hints(checks.check_checkout, settings) == {}


def test_incomplete_pipeline_on_the_order_class_is_reported(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    forked_pipeline(monkeypatch, {"Pending": ("Being processed",)})

    (message,) = list[CheckMessage](checks.check_pipeline())

    assert message.id == "oscar_mpesa.W001"
    assert "Pending payment → Being processed, Payment expired, Cancelled" in message.msg
    assert "Cancelled → (nothing)" in message.msg
    assert "pipeline of your own Order class" in str(message.hint)


def test_other_currency_is_a_warning(settings: Any) -> None:
    before = hints(checks.check_currency, settings)
    settings.OSCAR_DEFAULT_CURRENCY = "GBP"

    found = hints(checks.check_currency, settings)

    assert before == {}
    assert list(found) == ["W002"] and '"KES"' in found["W002"]


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
def test_invalid_ownership_check_is_an_error(settings: Any, path: Any, ids: list[str]) -> None:
    found = hints(checks.check_owner_check, settings, ORDER_OWNERSHIP_CHECK=path)

    assert list(found) == ids
    assert all("a request and an order" in hint for hint in found.values())


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        pytest.param("", [], id="none"),
        pytest.param(urlconf, [], id="a function"),
        pytest.param("oscar_mpesa.services.background_thread.wake", [], id="the default"),
        pytest.param("shop.tasks.wake", ["W015"], id="a module that is not there"),
    ],
)
def test_wake_that_cannot_be_called_is_a_warning(settings: Any, path: Any, ids: list[str]) -> None:
    found = hints(checks.check_wake, settings, WAKE=path)

    assert list(found) == ids
    assert all("only mpesa_reconcile delivers" in hint for hint in found.values())


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
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES:UserWarning")
def test_wrong_isolation_level_is_an_error(settings: Any, engine: str, options: dict[str, Any], ids: list[str]) -> None:
    database = {"ENGINE": f"django.db.backends.{engine}", "OPTIONS": options}
    settings.DATABASES = {"default": database}

    assert list(hints(checks.check_isolation, settings)) == ids


def test_every_check_id_has_a_test() -> None:
    tested, known = Path(__file__).parent.glob("test_checks*.py"), Path(checks.__file__).parent.glob("*.py")

    assert _ids_in(known) == _ids_in(tested)


def _ids_in(paths: Iterator[Path]) -> set[str]:
    return {id_ for path in paths for id_ in re.findall(r"\b[EW]0\d\d\b", path.read_text(encoding="utf-8"))}
