"""Django's admin: support finds and reads, nobody changes, and phones are for who may see them."""

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
from tests.crowds import many_payments
from tests.query_counts import counted
from tests.rows import all_rows
from tests.shop import ANOTHER, NOON, PAYS, new_clerk, new_payment, pay

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_app_config("oscar_mpesa").get_models() if admin.site.is_registered(model)]


def support(*further: str) -> Client:
    """Somebody who may view every table of ours."""
    client, clerk = Client(), new_clerk(*further)
    clerk.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__startswith="view_mpesa")
    )
    client.force_login(clerk)
    return client


@pytest.fixture
def payment() -> MpesaPayment:
    """One of everything: paid, with words that hold its phone wherever words from outside stand."""
    payment = pay(new_payment())
    audit.record(EventType.RECEIPT_RESOLVED, payment, now=NOON, note=f"by {payment.phone}")
    payment.callbacks.update(detail=payment.phone)
    payment.receipts.update(note=payment.phone, error=payment.phone)
    MpesaPayment.objects.update(result_description=payment.phone)
    MpesaOutboxMessage.objects.update(error=payment.phone)
    MpesaApiCall.objects.create(
        endpoint="push", shortcode="174379", milliseconds=5, created_at=NOON, payment=payment, error=payment.phone
    )
    block_phone(payment.phone_number, by=new_clerk("block_phone"), note=payment.phone, now=timezone.now())
    return payment


def pages(client: Client) -> str:
    """Every list, and every row of it."""
    return "".join(page for model in MODELS for page in _pages_of(client, model))


def _pages_of(client: Client, model: Any) -> list[str]:
    name = f"admin:oscar_mpesa_{model._meta.model_name}"
    answers = [client.get(reverse(f"{name}_changelist"))]
    answers += [client.get(reverse(f"{name}_change", args=[row.pk])) for row in model._default_manager.all()]
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers) > 1
    return [answer.content.decode() for answer in answers]


def test_every_table_but_those_of_the_program_itself_is_there() -> None:
    tables = {model.__name__ for model in apps.get_app_config("oscar_mpesa").get_models()}

    assert {model.__name__ for model in MODELS} == tables - {"MpesaAlert", "MpesaJobRun"}


def test_support_reads_everything_without_a_phone_a_secret_or_a_raw_body(payment: MpesaPayment) -> None:
    shown = pages(support())

    assert "OD123ABC45" in shown and "•••149" in shown
    assert "708374149" not in shown
    assert payment.secret not in shown
    assert payment.mpesa_order.public_id not in shown
    assert "CallbackMetadata" not in shown


def test_who_may_see_phones_reads_them_and_the_raw_words_and_still_no_secret(payment: MpesaPayment) -> None:
    shown = pages(support("view_full_phone"))

    assert payment.phone in shown and "CallbackMetadata" in shown
    assert payment.secret not in shown
    assert payment.mpesa_order.public_id not in shown


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_nobody_adds_changes_or_deletes(payment: MpesaPayment, admin_client: Client, model: Any) -> None:
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
def test_a_payment_is_found(payment: MpesaPayment, asked: Callable[[MpesaPayment], str]) -> None:
    another = new_payment(phone=ANOTHER)

    page = _search(support(), "mpesapayment", asked(payment))

    assert _row(payment) in page and _row(another) not in page


def test_a_phone_is_found_by_who_may_see_it_only(payment: MpesaPayment) -> None:
    blind, seeing = support(), support("view_full_phone")

    assert _row(payment) not in _search(blind, "mpesapayment", PAYS.msisdn)
    assert _row(payment) in _search(seeing, "mpesapayment", PAYS.msisdn)
    assert MpesaBlockedPhone.objects.get().note and "1 blocked phone" in _search(
        seeing, "mpesablockedphone", PAYS.msisdn
    )


@pytest.mark.parametrize("lookup", ["phone__startswith", "secret__startswith", "mpesa_order__public_id__startswith"])
def test_nothing_is_guessed_digit_by_digit(payment: MpesaPayment, lookup: str) -> None:
    answer = support().get(reverse("admin:oscar_mpesa_mpesapayment_changelist"), {lookup: "2"})

    assert answer.status_code == 400


def test_a_list_is_narrowed_by_what_stands_beside_it(payment: MpesaPayment) -> None:
    address = reverse("admin:oscar_mpesa_mpesapayment_changelist")

    paid = support().get(address, {"status__exact": "completed", "environment__exact": "simulated"})
    failed = support().get(address, {"status__exact": "failed"})

    assert _row(payment) in paid.content.decode()
    assert _row(payment) not in failed.content.decode()


def test_a_search_for_nothing_finds_all(payment: MpesaPayment) -> None:
    assert _row(payment) in _search(support(), "mpesapayment", "\x00 ")


def test_a_list_costs_the_same_among_many(payment: MpesaPayment) -> None:
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
