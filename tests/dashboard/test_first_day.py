"""The first day at the desk: what made somebody stop who had never seen it before."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.test import Client, RequestFactory
from django.urls import path, reverse
from django.utils import timezone, translation
from oscar.core.loading import get_model

from oscar_mpesa.dashboard.money.views import month_to_export
from oscar_mpesa.dashboard.setup.views import SetupView
from oscar_mpesa.models import MpesaBlockedPhone, MpesaCallback, MpesaEvent, MpesaJobRun, MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt
from oscar_mpesa.services.blocked_phones import block_phone
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.receipt_decisions import allocate_receipt
from oscar_mpesa.services.reconciliation import RECONCILE
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.steps import steps
from tests.dashboard.staff import ALL, TAGS, address, at_desk, at_order_desk, new_receipt, page_of, production, words
from tests.services.unmatched import mismatch, surplus
from tests.setup_check.probes import set_up
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return words((client or at_desk()).get(address(name, *args), asked))


# From zero to live


def steps_of(client: Client | None = None) -> list[str]:
    """Each with its mark, as the set-up page lists them."""
    page = (client or at_desk()).get(address("setup")).content.decode()
    listed = page.partition("mpesa-steps")[2].partition("</ol>")[0].split("<li")[1:]
    return [" ".join(TAGS.sub(" ", step.partition("<p>")[2].partition("</p>")[0]).split()) for step in listed]


def test_a_shop_in_test_mode_is_told_what_to_do_first_and_nothing_contradicts_that() -> None:
    told = seen("setup", client=at_desk("act_on_payment"))

    assert "Next Make an app on Safaricom's developer portal, and set its key and secret." in told
    assert "Test mode: Safaricom's keys are not set, and no real money moves." in told
    assert "The settings are there and fit together." not in told
    assert "MPESA_CONSUMER_KEY not set" in told and "missing" not in told
    assert "sandbox, once Safaricom's keys are set; the simulator until then" in told
    assert "In test mode there is nobody to ask." in told and "Try it for real" not in told


def test_the_callback_address_and_the_line_for_cron_are_there_to_be_copied() -> None:
    told = words(at_desk().get(address("setup"), headers={"host": "duka.co.ke"}))

    assert "MPESA_CALLBACK_URL=https://duka.co.ke/api/payments/hooks" in told
    assert "* * * * * cd /srv/shop && .venv/bin/python manage.py mpesa_reconcile" in told
    assert "docs/set-up.md" in told


def test_the_set_up_page_opens_where_safaricom_s_addresses_are_not_mounted(settings: Any) -> None:
    urls = ModuleType("urls_without_hooks")
    config: Any = apps.get_app_config("dashboard")
    urls.urlpatterns = [path("dashboard/", config.urls)]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    request = RequestFactory().get("/", headers={"host": "duka.co.ke"})
    request.user = new_staff_user("view_mpesapayment")

    assert "https://duka.co.ke/api/payments/hooks" in str(SetupView(request=request).get_context_data()["steps"])


def test_each_step_that_is_done_is_said_to_be_and_the_next_one_is_marked(settings: Any) -> None:
    set_up(settings, CALLBACK_URL="https://duka.example.com/api/payments/hooks")

    before = steps_of()
    MpesaJobRun.objects.create(job=RECONCILE, last_run_at=timezone.now())
    after = steps_of()

    assert [step.split()[0] for step in before] == ["Done", "Done", "Done", "Next", "Try", "Go", "Offer"]
    assert [step.split()[0] for step in after] == ["Done", "Done", "Done", "Done", "Next", "Go", "Offer"]


def test_a_live_shop_that_everyone_may_use_has_the_list_folded(settings: Any) -> None:
    production(settings)
    MpesaPayment.objects.filter(pk=pay(new_payment()).pk).update(environment="production")
    MpesaJobRun.objects.create(job=RECONCILE, last_run_at=NOON)
    MpesaJobRun.objects.update(last_run_at=timezone.now())

    told = seen("setup")

    assert "From zero to live – all done" in told and "Next " not in told.partition("What can be seen")[0]


def test_a_secret_that_nobody_has_to_have_is_not_missing(settings: Any) -> None:
    set_up(settings)

    told = seen("setup")

    assert "MPESA_HEALTH_TOKEN not set; optional" in told and "MPESA_SUPPORT_CONTACT not set; optional" in told
    assert "MPESA_SHORTCODE_TYPE not set MPESA" in told


def test_a_number_that_is_not_there_is_missing_once_safaricom_s_keys_are(settings: Any) -> None:
    set_up(settings, SHORTCODE="", CALLBACK_URL="")

    told = seen("setup")

    assert "MPESA_SHORTCODE missing" in told and "MPESA_CALLBACK_URL missing" in told


def test_a_step_that_safaricom_s_answers_contradict_is_not_done(settings: Any) -> None:
    failed = MpesaPayment.objects.filter(pk=new_payment().pk)
    failed.update(environment="sandbox", status="failed", result_code="2028", created_at=timezone.now())
    set_up(settings)

    assert "Till and paybill are probably mixed up" in seen("setup")
    assert [step.split()[0] for step in steps_of()][:3] == ["Done", "Next", "Done"]


@pytest.mark.parametrize(("name", "place"), [("token-refused", 0), ("passkey-refused", 1), ("callback-missing", 2)])
def test_a_try_that_went_wrong_takes_its_step_back(settings: Any, name: str, place: int) -> None:
    set_up(settings)
    finding = Finding(name=name, level=Level.ERROR, sentence="told")

    marks = [step.is_done for step in steps([finding], hooks="", is_tried=True)]

    assert marks[:3] == [place != 0, place != 1, place != 2]


def test_the_set_up_says_simulated_in_the_reader_s_language_too(settings: Any) -> None:
    with translation.override("sw"):
        said = words(at_desk().get(address("setup")))
        of_tests = translation.gettext("simulated")

    assert f"mazingira ya {of_tests}" in said and of_tests != "simulated"


@pytest.mark.parametrize("name", ["overview", "payments", "receipts", "record", "callbacks", "setup", "blocked-phones"])
def test_every_page_of_a_test_shop_says_so_once(name: str) -> None:
    told = seen(name, client=at_desk("record_receipt"))

    assert told.count("TEST No real money moves in this shop: nothing here is income.") == 1


def test_a_page_of_a_test_in_a_live_shop_says_so(settings: Any) -> None:
    payment = pay(new_payment())
    production(settings)

    assert "TEST: this is no real money." in seen("payment", payment.pk)
    assert "TEST" not in seen("overview")


# Looked for


@pytest.mark.parametrize("typed", ["h000042", " #H000042 ", "# h000042", "wanjiru.k", "Wanjiru.K@"])
def test_a_payment_is_found_by_its_order_and_by_the_front_of_an_e_mail_however_typed(typed: str) -> None:
    payment, other = new_payment(), new_payment(phone=ANOTHER)
    Order.objects.filter(pk=payment.order_id).update(number="H000042", guest_email="wanjiru.k@example.com")

    page = at_desk().get(address("payments"), {"q": typed}).content.decode()

    assert address("payment", payment.pk) in page
    assert address("payment", other.pk) not in page


def test_the_list_says_why_a_payment_failed_and_which_money_came_for_its_order_otherwise() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first, code=1), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    post(second, failure(second, code=2001), now=later(30))
    clerk = new_staff_user("record_receipt")
    record_receipt("OD555EEE55", Decimal(1500), order=order, by=clerk, note="M-PESA portal", now=later(600))

    told = seen("payments")

    assert "failed wrong PIN" in told and "failed balance too low" in told
    assert told.count("( OD555EEE55 )") == 2


def test_a_message_leads_to_its_order_where_its_reader_may_see_orders_and_to_its_payment_otherwise() -> None:
    payment, sees_orders = pay(new_payment()), at_order_desk()
    message = ("callback", MpesaCallback.objects.get().pk)
    of_payment = f'href="{address("payment", payment.pk)}"'
    of_order = f'href="{reverse("dashboard:order-detail", args=[payment.mpesa_order.order.number])}"'

    def links(client: Client, *page: Any) -> tuple[bool, bool]:
        shown = client.get(address(*page)).content.decode()
        return of_order in shown, of_payment in shown

    assert (links(at_desk(), "callbacks"), links(sees_orders, "callbacks")) == ((False, True), (True, False))
    assert (links(at_desk(), *message), links(sees_orders, *message)) == ((False, True), (True, True))


# For the accountant


def test_the_month_to_export_is_the_one_that_the_books_are_made_of() -> None:
    assert month_to_export(date(2026, 12, 10)) == date(2026, 11, 30)
    assert month_to_export(date(2026, 12, 11)) == date(2026, 12, 11)
    assert month_to_export(date(2027, 1, 1)) == date(2026, 12, 22)


def test_a_difference_that_was_accepted_has_a_column_of_its_own() -> None:
    receipt = mismatch()
    allocate_receipt(receipt, receipt.order, by=new_staff_user("apply_receipt"), accept_difference=True, now=later(60))
    pay(new_payment(phone=ANOTHER), number="OD333CCC33")

    response: Any = at_desk("export_payments").get(address("receipts-export"), {"month": "2026-11"})

    rows = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))
    accepted = {row["M-PESA code"]: row["Difference that was accepted"] for row in rows}
    assert (accepted["OD123ABC45"], accepted["OD333CCC33"]) == ("-100.00", "")


def test_rounding_is_no_difference_that_somebody_accepted() -> None:
    pay(new_payment(new_order(total="1499.50")))

    response: Any = at_desk("export_payments").get(address("receipts-export"), {"month": "2026-11"})

    row = next(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert (row["Rounding in it"], row["Difference that was accepted"]) == ("0.50", "")


# Numbers without requests


def test_a_blocked_number_is_said_to_be_and_the_list_of_them_says_by_whom_and_why() -> None:
    payment = pay(new_payment())
    block_phone(payment.phone_number, by=new_staff_user("block_phone"), note="rang us", now=NOON)

    assert "0708 •••149 blocked: no more requests to it" in seen("payment", payment.pk)
    told = seen("blocked-phones")
    assert "0708 •••149 Since 23 Nov 2026, 15:00, by Achieng Were: rang us" in told
    assert "Allow requests again" not in told
    assert "0708 374 149" in seen("blocked-phones", client=at_desk("view_full_phone"))


def test_a_number_gets_requests_again_with_a_note_and_a_name() -> None:
    blocked = block_phone(ANOTHER, by=new_staff_user("block_phone"), note="rang us", now=NOON)
    client = at_desk("block_phone")

    refused = words(client.post(address("unblock-phone", blocked.pk), follow=True))
    told = words(client.post(address("unblock-phone", blocked.pk), {"block-note": "has a new owner"}, follow=True))

    assert "Write a note: why requests may be sent again." in refused
    assert "Requests can be sent to this number again." in told and "No number is blocked." in told
    assert not MpesaBlockedPhone.objects.exists()
    event = MpesaEvent.objects.get(type="phone_unblocked")
    assert event.params == {"phone": ANOTHER.masked, "note": "has a new owner"}
    assert event.by_name == "Achieng Were"


def test_a_second_click_on_a_number_that_is_allowed_again_is_no_error() -> None:
    blocked, client = (
        block_phone(ANOTHER, by=new_staff_user("block_phone"), note="rang us", now=NOON),
        at_desk("block_phone"),
    )
    client.post(address("unblock-phone", blocked.pk), {"block-note": "has a new owner"})

    told = words(client.post(address("unblock-phone", blocked.pk), {"block-note": "has a new owner"}, follow=True))

    assert "Requests can be sent to this number again." in told
    assert MpesaEvent.objects.filter(type="phone_unblocked").count() == 1


def test_what_needs_the_owner_s_server_says_whom_to_ask() -> None:
    surplus()

    assert "unpaid orders stay open. Ask whoever runs your server to run it every minute." in seen("overview")


def test_money_without_an_order_s_own_request_is_looked_at_without_a_phone() -> None:
    receipt = new_receipt(environment="simulated", allocation="unallocated", order=new_order())

    told = words(at_desk(*ALL).get(page_of(receipt)))

    assert "to the number that paid; then write it down here." in told
    assert MpesaReceipt.objects.get() == receipt
