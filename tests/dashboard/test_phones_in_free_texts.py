"""A phone number that people typed as a name, an email, a note or a code is masked on every page of the desk."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaBlockedPhone,
    MpesaClaim,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
)
from oscar_mpesa.services.allocation import move_allocation, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.refunds import void_refund
from tests.dashboard.money.deciding import decide, refund_values
from tests.dashboard.money.exports import EXPORT
from tests.dashboard.staff import ALL, VIEW, claim_url, url_of
from tests.services.money import claim_for, paid_order, receipt
from tests.services.refunds import refund
from tests.shared_state import once_for_module
from tests.shop import CANCELS, NOON, allow_order_pages, later, new_order, new_payment, new_staff_user

pytestmark = pytest.mark.django_db

#: A number for each text, by the last three digits.
CUSTOMER, EMAIL, STAFF, MOVED, RESOLVED, SENT, REFUNDED, SEEN, PAYER, REFERENCE, UNDONE, VOIDED, WITHDRAWN, BLOCKED = (
    f"0712000{digits}" for digits in range(111, 125)
)
NUMBERS = (CUSTOMER, EMAIL, STAFF, MOVED, RESOLVED, SENT, REFUNDED, SEEN, PAYER, REFERENCE, UNDONE, VOIDED, WITHDRAWN)

NOVEMBER = "?month=2026-11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Pages by name, forms with what staff type into them, and the recorded payment that can be withdrawn."""

    pages: dict[str, str]
    forms: dict[str, tuple[str, dict[str, Any]]]
    claim: MpesaClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Money with a phone number in each of its texts."""

    customer: Any
    orders: tuple[Any, Any]
    moved: MpesaAllocation
    resolution: MpesaAllocation
    sent: MpesaRefund
    claim: MpesaClaim
    withdrawn: MpesaClaim
    blocked: MpesaPayment


def new_rows() -> Rows:
    """Let a customer pay, and staff move, resolve, refund, void, record and withdraw."""
    users = get_user_model().objects
    customer = users.create_user("jane", f"{EMAIL}@example.com", first_name="Jane", last_name=CUSTOMER)
    boss = users.create_superuser("boss", "boss@example.com", first_name="Boss", last_name=STAFF)
    order, other = paid_order(user=customer), new_order(user=customer, total="900.00")
    MpesaReceipt.objects.update(payer=f"Jane {PAYER}", bill_reference=REFERENCE)
    moved = move_allocation(MpesaAllocation.objects.get(), other, by=boss, note=f"call {MOVED}", now=later(100))
    early = resolved("too early", by=boss, at=190)
    reverse_allocation(early, by=boss, note=f"ask {UNDONE}", now=later(195))
    resolution = resolved(f"gave to {RESOLVED}", by=boss, at=200)
    wrong, sent = (
        refund(receipt(), boss, amount=amount, code=f"to {SENT}", note=f"by {REFUNDED}", at=300 + amount)[0]
        for amount in (50, 100)
    )
    void_refund(wrong, by=boss, note=f"not to {VOIDED}", now=later(500))
    withdrawn, claim = (claim_for(new_order(user=customer), boss, number=f"ODC000007{each}") for each in (8, 7))
    withdraw_claim(withdrawn, by=boss, note=f"not of {WITHDRAWN}", now=later(600))
    MpesaClaim.objects.update(seen_in=f"sms of {SEEN}")
    blocked = new_payment(new_order(user=customer), phone=CANCELS)
    MpesaBlockedPhone.objects.create(phone=CANCELS.msisdn, note=BLOCKED, by_name=f"Boss {STAFF}", created_at=NOON)
    return Rows(
        customer=customer,
        orders=(order, other),
        moved=moved,
        resolution=resolution,
        sent=sent,
        claim=claim,
        withdrawn=withdrawn,
        blocked=blocked,
    )


def resolved(note: str, *, by: Any, at: float) -> MpesaAllocation:
    """Resolve what is left of the money, and return its entry."""
    resolve_receipt(receipt(), note=note, by=by, now=later(at))
    return MpesaAllocation.objects.active().get(order=None)


def pages_of(rows: Rows) -> dict[str, str]:
    """Return the URL of each page and file of the desk."""
    money = receipt()
    by_pk = {
        **dict.fromkeys(("receipt", "receipt-allocate", "receipt-refund", "receipt-resolve"), money.pk),
        **dict.fromkeys(("entry-move", "entry-unmatch"), rows.moved.pk),
        "entry-undo": rows.resolution.pk,
        "refund-void": rows.sent.pk,
        **dict.fromkeys(("claim", "claim-withdraw"), rows.claim.pk),
        "payment": money.payment_id,
    }
    return {
        **{name: url_of(name, pk) for name, pk in by_pk.items()},
        **{name: url_of(name) for name in ("overview", "payments", "record", "blocked-phones", "callbacks")},
        "withdrawn claim": claim_url(rows.withdrawn),
        "blocked payment": url_of("payment", rows.blocked.pk),
        "month": url_of("month") + NOVEMBER,
        "receipts": url_of("receipts") + "?status=",
        "csv": EXPORT + NOVEMBER,
        "xlsx": EXPORT + NOVEMBER + "&format=xlsx",
        "payments csv": url_of("payments-export"),
        **{f"panel {each}": reverse("dashboard:order-detail", args=[each.number]) for each in rows.orders},
    }


def forms_of(rows: Rows, pages: dict[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the URL of each form, and what staff type there."""
    small, strange = new_order(user=rows.customer, total="400.00"), new_order(total="400.00")
    reason = {"note": "wrong"}
    record = {"amount": "100", "day": "2026-11-23", "time": "10:00", "order": small.number, **reason}
    return {
        **{name: (pages[name], reason) for name in ("entry-unmatch", "entry-undo", "refund-void", "claim-withdraw")},
        "entry-move": (pages["entry-move"], {"order": small.number, **reason}),
        "somebody else's": (pages["entry-move"], {"order": strange.number, **reason}),
        "record": (pages["record"], {"code": "ODZ0000001", **record}),
        "known code": (pages["record"], {"code": "ODC0000077", **record}),
        "receipt-refund": (pages["receipt-refund"], refund_values(receipt(), "50", purpose="credit")),
    }


@once_for_module
def desk() -> Desk:
    """Return the pages about money whose every text holds a phone number."""
    rows = new_rows()
    pages = pages_of(rows)
    return Desk(pages=pages, forms=forms_of(rows, pages), claim=rows.claim)


def client_of(*permissions: str) -> Client:
    """Return the client of staff who may do everything at the desk, and open orders."""
    client, clerk = (
        Client(),
        new_staff_user(VIEW, "view_turnover", *ALL, "record_claim", "export_payments", *permissions),
    )
    allow_order_pages(clerk)
    client.force_login(clerk)
    return client


def text_of(response: Any) -> str:
    """Return the text of a page or a file; of Oscar's page of an order, only our panel and tab."""
    assert response.status_code in {200, 422}
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if body.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(body))
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    text = body.decode()
    ours = re.findall(r'<section class="mpesa-dashboard mpesa-order-panel.*?</section>', text, re.DOTALL)
    return "".join(ours) or text


def numbers_in(text: str) -> set[str]:
    """Return the numbers that a text holds, however their digits are grouped or escaped."""
    digits = re.sub(r"[\s+.()-]", "", unquote_plus(text))
    return {number for number in (*NUMBERS, BLOCKED) if number[1:] in digits}


def shown(desk: Desk, *permissions: str) -> dict[str, set[str]]:
    """Return the numbers on each page and in each review, where there are any."""
    client = client_of(*permissions)
    names = [*desk.pages, *(f"review {name}" for name in desk.forms)]
    found = {name: shown_on(desk, name, client) for name in names}
    return {name: numbers for name, numbers in found.items() if numbers}


def shown_on(desk: Desk, name: str, client: Client) -> set[str]:
    """Return the numbers on a page, or in a review."""
    if name in desk.pages:
        return numbers_in(text_of(client.get(desk.pages[name])))
    url, sent = desk.forms[name.removeprefix("review ")]
    return numbers_in(text_of(client.post(url, sent)))


def test_phone_numbers_in_free_texts_are_masked_on_every_page(desk: Desk) -> None:
    blind, seeing = shown(desk), shown(desk, "view_full_phone")

    assert blind == {}
    assert set.union(*seeing.values()) == {*NUMBERS, BLOCKED}
    assert {"csv", "xlsx", "month", "receipts", "payments", "payment", "receipt", "claim"} <= set(seeing)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        pytest.param("review refund-void", {SENT}, id="code of the voided refund"),
        pytest.param("review entry-move", {CUSTOMER, EMAIL}, id="customer of the new order"),
        pytest.param("review somebody else's", {CUSTOMER, EMAIL}, id="customer who paid"),
        pytest.param("review record", {CUSTOMER, EMAIL}, id="customer of a recorded payment"),
        pytest.param("claim", {STAFF, SEEN}, id="recorded by"),
        pytest.param("payment", {STAFF}, id="by, in the timeline"),
        pytest.param("payments", {CUSTOMER}, id="customer in the list"),
        pytest.param("blocked-phones", {STAFF, BLOCKED}, id="blocked by"),
    ],
)
def test_staff_with_permission_see_phone_numbers_in_free_texts(desk: Desk, name: str, numbers: set[str]) -> None:
    assert numbers <= shown_on(desk, name, client_of("view_full_phone"))


def test_withdrawn_payment_is_recorded_again_without_the_number(desk: Desk) -> None:
    page = text_of(decide(client_of(), url_of("claim-withdraw", desk.claim.pk), note="wrong"))

    assert "Record it again" in page and "sms of •••118" in unquote_plus(page)
    assert numbers_in(page) == set()
