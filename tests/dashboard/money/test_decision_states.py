"""The pages of money and callbacks offer exactly the decisions that their POSTs accept, in each state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaClaim, MpesaReceipt
from oscar_mpesa.services.claims import withdraw_claim
from tests.browser import states
from tests.dashboard.money.deciding import decide, refund_values
from tests.dashboard.staff import ALL, claim_url, new_claim, receipt_url, staff_client, url_of
from tests.dashboard.undoing import undone
from tests.rows import all_rows
from tests.shop import failure, new_order, new_payment, new_staff_user, post

pytestmark = pytest.mark.django_db

#: Orders with money in each state that it can have.
STATES = {
    name: states.STATES[name]
    for name in (
        "paid",
        "surplus",
        "surplus, too much",
        "mismatch",
        "late",
        "reviewed",
        "used",
        "returned",
        "explained",
    )
}

#: In each run. The others are slow.
DAILY = ("paid", "late", "explained", "returned")


def decisions(receipt: MpesaReceipt, order: Any) -> dict[str, dict[str, Any]]:
    """Return the URL of each decision about money, its entries and its refunds, with what staff type."""
    note = {"note": "a typing error"}
    to_order = {**note, "order": order.number, "accept_customer": "on"}
    today = f"{timezone.now():%Y-%m-%d}"
    urls = {
        url_of("receipt-allocate", receipt.pk): to_order,
        url_of("receipt-refund", receipt.pk): refund_values(receipt, 1, day=today, purpose="payment_returned"),
        url_of("receipt-resolve", receipt.pk): {**note, "settled": "on"},
    }
    for entry in receipt.allocations.all():
        urls |= {url_of(f"entry-{name}", entry.pk): note for name in ("unmatch", "undo")}
        urls[url_of("entry-move", entry.pk)] = to_order
    return urls | {url_of("refund-void", refund.pk): note for refund in receipt.refunds.all()}


def changes(client: Client, url: str, values: dict[str, Any]) -> bool:
    """Return whether a decision that is typed, reviewed and confirmed changes anything; undo it."""
    with undone():
        before = all_rows()
        assert decide(client, url, **values).status_code in {200, 404, 422}
        return all_rows() != before


@pytest.mark.parametrize(
    "state", [pytest.param(each, marks=() if each in DAILY else pytest.mark.slow) for each in STATES]
)
def test_receipt_offers_exactly_what_decisions_accept(state: str) -> None:
    STATES[state]()
    receipt, client = MpesaReceipt.objects.latest("pk"), staff_client(*ALL)
    urls = decisions(receipt, new_order())

    page = client.get(receipt_url(receipt)).content.decode()

    accepted = {url for url, values in urls.items() if changes(client, url, values)}
    assert accepted == {url for url in urls if f'href="{url}"' in page}


@pytest.mark.parametrize("permission", ["", *ALL])
def test_receipt_offers_and_accepts_decisions_by_permission(permission: str) -> None:
    names = {"match_receipt": "allocate", "record_refund": "refund", "resolve_receipt": "resolve"}
    states.late()
    receipt, client = MpesaReceipt.objects.get(), staff_client(*filter(None, [permission]))
    urls = decisions(receipt, new_order())

    page = client.get(receipt_url(receipt)).content.decode()
    statuses = {url: client.post(url, values).status_code for url, values in urls.items()}

    allowed = {url_of(f"receipt-{names[permission]}", receipt.pk)} if permission else set()
    assert {url for url in urls if f'href="{url}"' in page} == allowed
    assert {url for url, status in statuses.items() if status != 403} == allowed


def withdrawn() -> MpesaClaim:
    claim = new_claim(new_order())
    return withdraw_claim(claim, by=new_staff_user("record_claim"), note="a typing error", now=timezone.now())


@pytest.mark.parametrize(("build", "is_open"), [(lambda: new_claim(new_order()), True), (withdrawn, False)])
def test_recorded_payment_offers_its_withdrawal_once(build: Callable[[], MpesaClaim], is_open: bool) -> None:
    claim, client = build(), staff_client("record_claim")
    url = url_of("claim-withdraw", claim.pk)

    page = client.get(claim_url(claim)).content.decode()

    assert (f'href="{url}"' in page) == is_open
    assert changes(client, url, {"note": "a typing error"}) == is_open


CALLBACKS: dict[str, tuple[dict[str, Any], bool]] = {
    "failed": ({"verdict": "failed"}, True),
    "received long ago": ({"verdict": "received", "received_at": timezone.now() - timedelta(days=1)}, True),
    "received just now": ({"verdict": "received", "received_at": timezone.now() + timedelta(days=1)}, False),
    "failed, without a payment": ({"verdict": "failed", "payment": None}, False),
    "applied": ({}, False),
    "unverified": ({"verdict": "unverified", "payment": None}, False),
}


@pytest.mark.parametrize("state", CALLBACKS)
def test_callback_offers_processing_exactly_if_it_is_accepted(state: str) -> None:
    columns, is_accepted = CALLBACKS[state]
    payment = new_payment()
    callback = post(payment, failure(payment))
    MpesaCallback.objects.filter(pk=callback.pk).update(**columns)
    client, url = staff_client("act_on_payment"), url_of("callback-process", callback.pk)

    page = client.get(url_of("callback", callback.pk)).content.decode()
    with undone():
        before = all_rows()
        answer = client.post(url, follow=True)
        has_changed = all_rows() != before

    assert (f'action="{url}"' in page) == has_changed == is_accepted
    assert list(answer.context["messages"])
