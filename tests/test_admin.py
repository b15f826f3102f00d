"""Django's admin is read-only, and shows phones only to users who may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import (
    EventType,
    MpesaApiCall,
    MpesaBlockedPhone,
    MpesaClaim,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaRefund,
)
from oscar_mpesa.services import audit
from oscar_mpesa.services.blocked_phones import block_phone
from tests.bulk_rows import many_payments
from tests.query_counts import counted
from tests.rows import all_rows
from tests.shop import ANOTHER, NOON, PAYS, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_app_config("oscar_mpesa").get_models() if admin.site.is_registered(model)]


def support(*further: str) -> Client:
    """Return a client whose user may view every table of ours."""
    client, user = Client(), new_staff_user(*further)
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__startswith="view_mpesa")
    )
    client.force_login(user)
    return client


@pytest.fixture
def payment() -> MpesaPayment:
    """Create one row of each kind for a paid payment, with its phone in every text from outside."""
    payment = pay(new_payment())
    audit.record(EventType.RECEIPT_RESOLVED, payment, now=NOON, note=f"by {payment.phone}")
    payment.callbacks.update(detail=payment.phone)
    receipt = payment.receipts.get()
    payment.receipts.update(payer=payment.phone, payer_phone=payment.phone, bill_reference=payment.phone)
    receipt.allocations.update(note=payment.phone, reversal_note=payment.phone, error=payment.phone)
    texts = dict.fromkeys(("seen_in", "end_note", "by_name", "ended_by_name"), payment.phone)
    MpesaClaim.objects.create(
        number="OD999ZZZ99", amount=1500, order_id=payment.order_id, paid_at=NOON, created_at=NOON, **texts
    )
    text = {"note": payment.phone, "void_note": payment.phone, "code": payment.phone, "requested_at": NOON}
    MpesaRefund.objects.create(receipt=receipt, amount=100, status="voided", **text)
    MpesaPayment.objects.update(result_description=payment.phone)
    MpesaOutboxMessage.objects.update(error=payment.phone)
    MpesaApiCall.objects.create(
        endpoint="push", shortcode="174379", milliseconds=5, created_at=NOON, payment=payment, error=payment.phone
    )
    block_phone(payment.phone_number, by=new_staff_user("block_phone"), note=payment.phone, now=timezone.now())
    return payment


def pages(client: Client) -> str:
    """Return every list page, and the page of every row."""
    return "".join(page for model in MODELS for page in _pages_of(client, model))


def _pages_of(client: Client, model: Any) -> list[str]:
    name = f"admin:oscar_mpesa_{model._meta.model_name}"
    answers = [client.get(reverse(f"{name}_changelist"))]
    answers += [client.get(reverse(f"{name}_change", args=[row.pk])) for row in model._default_manager.all()]
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers) > 1
    return [answer.content.decode() for answer in answers]


def test_admin_lists_every_table_except_internal_ones() -> None:
    tables = {model.__name__ for model in apps.get_app_config("oscar_mpesa").get_models()}

    assert {model.__name__ for model in MODELS} == tables - {
        "MpesaAlert",
        "MpesaJobRun",
        "MpesaLimitLock",
        "MpesaPayLink",
        "MpesaSearchWord",
    }


def test_support_sees_no_phone_secret_or_raw_body(payment: MpesaPayment) -> None:
    shown = pages(support())

    assert "OD123ABC45" in shown and "•••149" in shown
    assert "708374149" not in shown
    assert payment.secret not in shown
    assert payment.mpesa_order.public_id not in shown
    assert "CallbackMetadata" not in shown


def test_full_phone_permission_shows_phones_and_raw_text_but_no_secret(payment: MpesaPayment) -> None:
    shown = pages(support("view_full_phone"))

    assert payment.phone in shown and "CallbackMetadata" in shown
    assert payment.secret not in shown
    assert payment.mpesa_order.public_id not in shown


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_admin_allows_no_add_change_or_delete(payment: MpesaPayment, admin_client: Client, model: Any) -> None:
    name = f"admin:oscar_mpesa_{model._meta.model_name}"
    row = model._default_manager.first()
    before = all_rows()

    answers = [
        admin_client.post(reverse(f"{name}_add"), {}),
        admin_client.post(reverse(f"{name}_change", args=[row.pk]), {}),
        admin_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}),
        admin_client.post(
            reverse(f"{name}_changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        ),
    ]

    assert [answer.status_code for answer in answers[:3]] == [403, 403, 403]
    assert answers[3].status_code < 500
    assert all_rows() == before


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda payment: payment.mpesa_order.order.number, id="the order's number"),
        pytest.param(lambda payment: f" {payment.receipts.get().number} ", id="the M-PESA code"),
    ],
)
def test_search_finds_a_payment(payment: MpesaPayment, asked: Callable[[MpesaPayment], str]) -> None:
    another = new_payment(phone=ANOTHER)

    page = _search(support(), "mpesapayment", asked(payment))

    assert _row(payment) in page and _row(another) not in page


def test_phone_search_needs_the_full_phone_permission(payment: MpesaPayment) -> None:
    blind, seeing = support(), support("view_full_phone")

    assert _row(payment) not in _search(blind, "mpesapayment", PAYS.msisdn)
    assert _row(payment) in _search(seeing, "mpesapayment", PAYS.msisdn)
    assert MpesaBlockedPhone.objects.get().note and "1 blocked phone" in _search(
        seeing, "mpesablockedphone", PAYS.msisdn
    )


@pytest.mark.parametrize("lookup", ["phone__startswith", "secret__startswith", "mpesa_order__public_id__startswith"])
def test_search_does_not_match_single_digits(payment: MpesaPayment, lookup: str) -> None:
    answer = support().get(reverse("admin:oscar_mpesa_mpesapayment_changelist"), {lookup: "2"})

    assert answer.status_code == 400


def test_filters_narrow_a_list(payment: MpesaPayment) -> None:
    address = reverse("admin:oscar_mpesa_mpesapayment_changelist")

    paid = support().get(address, {"status__exact": "completed", "environment__exact": "simulated"})
    failed = support().get(address, {"status__exact": "failed"})

    assert _row(payment) in paid.content.decode()
    assert _row(payment) not in failed.content.decode()


def test_empty_search_lists_all(payment: MpesaPayment) -> None:
    assert _row(payment) in _search(support(), "mpesapayment", "\x00 ")


def test_list_costs_the_same_queries_with_many_rows(payment: MpesaPayment) -> None:
    client, address = support(), reverse("admin:oscar_mpesa_mpesapayment_changelist")
    client.get(address)
    with counted() as few:
        client.get(address)

    many_payments(60)
    with counted() as many:
        page = client.get(address)

    assert page.content.count(b'class="field-id"') <= 50
    assert len(many) == len(few) <= 12, str(many)


def _row(payment: MpesaPayment) -> str:
    return reverse("admin:oscar_mpesa_mpesapayment_change", args=[payment.pk])


def _search(client: Client, model: str, words: str) -> str:
    return client.get(reverse(f"admin:oscar_mpesa_{model}_changelist"), {"q": words}).content.decode()
