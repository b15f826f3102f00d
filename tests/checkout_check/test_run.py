"""The check leaves nothing, sends nothing, and follows the settings of the shop."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import get_script_prefix, path, set_script_prefix
from django.utils import timezone, translation
from oscar.apps.checkout import views
from oscar.core.loading import get_model

from oscar_mpesa.checkout_check.run import run_checkout_check
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaApiCall
from oscar_mpesa.services import gateway
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.checkout import shop_checkouts as shops
from tests.checkout_check.checks import REACHED, check, problems, row_counts
from tests.setup_check.probes import set_up
from tests.shop import new_order, new_payment, new_product, new_staff_user
from tests.wiring.checked import PRODUCTION, urlconf

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_table_has_as_many_rows_as_before() -> None:
    product = new_product(stock=3)
    before = row_counts()

    findings = check()

    assert findings.keys() == {"phone-step-ok", "preview-ok", "order-ok", "push-ok", "method-ok"}
    record = get_model("partner", "StockRecord").objects.get(product=product)
    assert row_counts() == before
    assert (record.num_in_stock, record.num_allocated) == (3, None)


@pytest.mark.parametrize("engine", ["cache", "cached_db", "signed_cookies", "file"])
def test_no_session_is_left_in_any_store(engine: str, settings: Any, tmp_path: Any) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    new_product()

    findings = check()

    assert findings.keys() >= REACHED
    assert list(tmp_path.iterdir()) == []
    assert [key for key in caches["default"]._cache if "sessions" in key] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("keys", [PRODUCTION, {**PRODUCTION, "AVAILABLE_TO": "staff"}])
def test_nothing_is_sent_to_safaricom_in_production(keys: dict[str, Any], settings: Any) -> None:
    settings.OSCAR_MPESA = keys
    new_product()

    with replaced_transport(ScriptedTransport({})):
        findings = check()

    assert findings.keys() >= REACHED
    assert not MpesaApiCall.objects.exists()


def test_push_that_safaricom_would_refuse_is_a_finding(settings: Any) -> None:
    settings.OSCAR_MPESA = {**PRODUCTION, "SHORTCODE": "12"}
    new_product()

    finding = problems(check())["push-refused"]

    assert "Invalid BusinessShortCode" in finding.sentence


def test_rehearsal_returns_ids_and_changes_nothing() -> None:
    payment = new_payment(new_order(), phone=PhoneNumber.parse("0700000000"), sent=False)

    reply = gateway.rehearse_stk_push(payment, now=timezone.now())
    payment.refresh_from_db()

    assert reply.checkout_request_id.startswith("ws_CO_")
    assert (payment.status, payment.push_sent_at) == ("pending", None)


def test_shop_that_sells_to_users_only_is_walked_as_a_user(settings: Any) -> None:
    settings.OSCAR_ALLOW_ANON_CHECKOUT = False
    new_product()

    assert check().keys() >= REACHED


def test_settings_come_before_the_walk(settings: Any) -> None:
    set_up(settings, PASSKEY="", OTHER_METHODS=[("cod", "Cash", "checkout:preview")])
    new_product()

    findings = check()

    assert "E003" in findings["settings-first"].sentence
    assert "method-ok" in findings


def test_mpesa_for_nobody_is_a_warning(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AVAILABLE_TO": "nobody"}
    new_product()

    assert problems(check()).keys() == {"not-offered"}


def test_product_in_another_currency_is_not_bought() -> None:
    product = new_product()
    product.stockrecords.update(price_currency="USD")

    findings = check()

    assert findings.keys() == {"no-product"}
    assert '"KES"' in findings["no-product"].remedy


def test_shop_without_a_checkout_is_named(settings: Any) -> None:
    settings.ROOT_URLCONF = urlconf(path("", views.IndexView.as_view()))

    assert check().keys() == {"no-checkout"}


def test_shop_below_a_path_is_walked(settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/shop"
    prefix = get_script_prefix()
    set_script_prefix("/shop/")
    new_product()
    try:
        findings = check()
    finally:
        set_script_prefix(prefix)

    assert findings.keys() >= REACHED
    assert problems(findings) == {}


def test_redirects_to_https_and_to_www_are_followed(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.PREPEND_WWW = True, True
    new_product()

    assert check().keys() >= REACHED


def test_thread_keeps_its_language_and_its_profiler() -> None:
    new_product()
    before = sys.getprofile()

    with translation.override("sw"):
        check()
        language = translation.get_language()

    assert language == "sw"
    assert sys.getprofile() is before


def _abroad(get_response: Any) -> Any:
    def middleware(request: Any) -> Any:
        timezone.activate("Asia/Tokyo")
        return get_response(request)

    return middleware


def test_thread_keeps_its_time_zone(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}._abroad"]
    new_product()

    with timezone.override("Africa/Nairobi"):
        findings = check()
        zone = timezone.get_current_timezone_name()

    assert findings.keys() >= REACHED
    assert zone == "Africa/Nairobi"


def test_check_refuses_a_transaction_and_a_user_without_permission() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        run_checkout_check()

    with pytest.raises(PermissionDenied):
        run_checkout_check(by=new_staff_user("view_mpesapayment"))


def test_circle_of_a_skipped_step_is_passed_by(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.use_checkout(monkeypatch, settings, shops.SkipsDetails)
    new_product(price="1500.50")

    assert check().keys() >= REACHED
