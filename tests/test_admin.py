"""The read-only admin: search, masked phones, no secrets."""

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

from oscar_mpesa.models import EventType, MpesaApiCall, MpesaBlockedPhone, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services import audit
from oscar_mpesa.services.blocked_phones import block_phone
from tests.bulk_rows import many_payments
from tests.query_counts import counted
from tests.rows import all_rows
from tests.shop import ANOTHER, NOON, PAYS, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_app_config("oscar_mpesa").get_models() if admin.site.is_registered(model)]


def support(*further: str) -> Client:
    """Return the client of a user who may view all our models."""
    client, clerk = Client(), new_staff_user(*further)
    clerk.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__startswith="view_mpesa")
    )
    client.force_login(clerk)
    return client


@pytest.fixture
def payment() -> MpesaPayment:
    """Return a paid payment with its phone in every free text."""
    payment = pay(new_payment())
    audit.record(EventType.RECEIPT_RESOLVED, payment, now=NOON, note=f"by {payment.phone}")
    payment.callbacks.update(detail=payment.phone)
    payment.receipts.update(note=payment.phone, error=payment.phone)
    MpesaPayment.objects.update(result_description=payment.phone)
    MpesaOutboxMessage.objects.update(error=payment.phone)
    MpesaApiCall.objects.create(
        endpoint="push", shortcode="174379", milliseconds=5, created_at=NOON, payment=payment, error=payment.phone
    )
    block_phone(payment.phone_number, by=new_staff_user("block_phone"), note=payment.phone, now=timezone.now())
    return payment


def pages(client: Client) -> str:
    """Return the HTML of every list and every row."""
    return "".join(page for model in MODELS for page in _pages_of(client, model))


def _pages_of(client: Client, model: Any) -> list[str]:
    name = f"admin:oscar_mpesa_{model._meta.model_name}"
    answers = [client.get(reverse(f"{name}_changelist"))]
    answers += [client.get(reverse(f"{name}_change", args=[row.pk])) for row in model._default_manager.all()]
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers) > 1
    return [answer.content.decode() for answer in answers]


def test_all_models_but_job_runs_and_alerts_are_registered() -> None:
    tables = {model.__name__ for model in apps.get_app_config("oscar_mpesa").get_models()}

    assert {model.__name__ for model in MODELS} == tables - {"MpesaAlert", "MpesaJobRun"}


def test_pages_show_no_phones_secrets_or_bodies_without_permission(payment: MpesaPayment) -> None:
    shown = pages(support())

    assert "OD123ABC45" in shown and "•••149" in shown
    assert "708374149" not in shown
    assert payment.secret not in shown
    assert payment.mpesa_order.public_id not in shown
    assert "CallbackMetadata" not in shown


def test_pages_show_phones_and_bodies_with_permission_but_no_secrets(payment: MpesaPayment) -> None:
    shown = pages(support("view_full_phone"))

    assert payment.phone in shown and "CallbackMetadata" in shown
    assert payment.secret not in shown
    assert payment.mpesa_order.public_id not in shown


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_rows_cannot_be_added_changed_or_deleted(payment: MpesaPayment, admin_client: Client, model: Any) -> None:
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
def test_payment_is_found_by(payment: MpesaPayment, asked: Callable[[MpesaPayment], str]) -> None:
    another = new_payment(phone=ANOTHER)

    page = _search(support(), "mpesapayment", asked(payment))

    assert _row(payment) in page and _row(another) not in page


def test_search_by_phone_needs_permission(payment: MpesaPayment) -> None:
    blind, seeing = support(), support("view_full_phone")

    assert _row(payment) not in _search(blind, "mpesapayment", PAYS.msisdn)
    assert _row(payment) in _search(seeing, "mpesapayment", PAYS.msisdn)
    assert MpesaBlockedPhone.objects.get().note and "1 blocked phone" in _search(
        seeing, "mpesablockedphone", PAYS.msisdn
    )


@pytest.mark.parametrize("lookup", ["phone__startswith", "secret__startswith", "mpesa_order__public_id__startswith"])
def test_lookups_outside_the_filters_are_refused(payment: MpesaPayment, lookup: str) -> None:
    answer = support().get(reverse("admin:oscar_mpesa_mpesapayment_changelist"), {lookup: "2"})

    assert answer.status_code == 400


def test_list_is_filtered(payment: MpesaPayment) -> None:
    address = reverse("admin:oscar_mpesa_mpesapayment_changelist")

    paid = support().get(address, {"status__exact": "completed", "environment__exact": "simulated"})
    failed = support().get(address, {"status__exact": "failed"})

    assert _row(payment) in paid.content.decode()
    assert _row(payment) not in failed.content.decode()


def test_empty_search_finds_all(payment: MpesaPayment) -> None:
    assert _row(payment) in _search(support(), "mpesapayment", "\x00 ")


def test_list_costs_the_same_for_many_rows(payment: MpesaPayment) -> None:
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
