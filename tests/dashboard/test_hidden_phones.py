"""Dashboard and admin mask phone numbers in any format for staff without the permission."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaApiCall, MpesaBlockedPhone, MpesaClaim, MpesaPayment, MpesaReceipt
from tests.dashboard.staff import claim_url, new_claim, new_refund, receipt_url, url_of
from tests.shop import NOON, PAYS, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db(transaction=True)

#: Kenyan numbers in several formats, one of another country, a checkout id, and a payer hashed by Safaricom.
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
NUMBERS = (
    "0708 374 149",
    "0110-374-150",
    "+254 708.374.151",
    "254708374152",
    "255708374153",
    "ws_CO_231120261500001708374154",
    HASH,
)
WORDS = f"Call {', '.join(NUMBERS)} about KSh 1,500.00, OD123ABC45 of 20261123150005."

#: The same with masked numbers.
HIDDEN = (
    "Call •••149, •••150, •••151, •••152, •••153, ws_CO_•••154, … about KSh 1,500.00, OD123ABC45 of 20261123150005."
)


@pytest.fixture
def payment() -> MpesaPayment:
    """Return a paid payment with such numbers in every free text."""
    payment = pay(new_payment())
    payment.callbacks.update(detail=WORDS, body=f'{{"Body": "{WORDS}"}}'.encode())
    payment.receipts.update(payer=HASH, bill_reference=WORDS)
    receipt = payment.receipts.get()
    receipt.allocations.update(note=WORDS, error=WORDS)
    new_refund(receipt, 100, code=NUMBERS[0], note=WORDS, allocation=receipt.allocations.get())
    claim = new_claim(new_order())
    MpesaClaim.objects.filter(pk=claim.pk).update(seen_in=WORDS)
    MpesaPayment.objects.filter(pk=payment.pk).update(result_description=WORDS)
    MpesaApiCall.objects.create(
        endpoint="push",
        shortcode="174379",
        milliseconds=5,
        created_at=NOON,
        payment=payment,
        error=WORDS,
        reply={"ResponseDescription": WORDS},
    )
    MpesaBlockedPhone.objects.create(phone=PAYS.msisdn, note=WORDS, created_at=NOON)
    return payment


def receipt_page(payment: MpesaPayment) -> str:
    return receipt_url(MpesaReceipt.objects.get())


def admin_page(model: str) -> Callable[[MpesaPayment], str]:
    def page(payment: MpesaPayment) -> str:
        rows = {
            "payment": payment.pk,
            "receipt": payment.receipts.get().pk,
            "callback": payment.callbacks.get().pk,
            "apicall": MpesaApiCall.objects.latest("pk").pk,
            "blockedphone": MpesaBlockedPhone.objects.get().pk,
        }
        return reverse(f"admin:oscar_mpesa_mpesa{model}_change", args=[rows[model]])

    return page


PAGES: dict[str, Callable[[MpesaPayment], str]] = {
    "timeline": lambda payment: url_of("payment", payment.pk),
    "callback": lambda payment: url_of("callback", payment.callbacks.get().pk),
    "receipt": receipt_page,
    "recorded payment": lambda payment: claim_url(MpesaClaim.objects.get()),
    "blocked numbers": lambda payment: url_of("blocked-phones"),
    "admin, payment": admin_page("payment"),
    "admin, receipt": admin_page("receipt"),
    "admin, callback": admin_page("callback"),
    "admin, call": admin_page("apicall"),
    "admin, blocked number": admin_page("blockedphone"),
}


def staff(*permissions: str) -> Client:
    client, clerk = Client(), new_staff_user(*permissions)
    views = Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__startswith="view_mpesa")
    clerk.user_permissions.add(*views)
    client.force_login(clerk)
    return client


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("name", list(PAGES))
def test_staff_without_permission_see_three_digits(payment: MpesaPayment, name: str) -> None:
    page = read(staff(), PAGES[name](payment))

    assert HIDDEN in page
    assert [number for number in (*NUMBERS, "708374149", "708 374 149") if number in page] == []


@pytest.mark.parametrize("name", list(PAGES))
def test_staff_with_permission_see_full_numbers(payment: MpesaPayment, name: str) -> None:
    page = read(staff("view_full_phone"), PAGES[name](payment))

    assert WORDS in page
    assert HIDDEN not in page


def test_export_masks_numbers(payment: MpesaPayment) -> None:
    url = f"{url_of('receipts-export')}?month=2026-11"

    blind, seeing = (
        b"".join(staff("export_payments", "view_turnover", *more).get(url).streaming_content).decode()  # type: ignore[attr-defined]
        for more in ([], ["view_full_phone"])
    )

    assert HIDDEN in blind and WORDS not in blind and HASH not in blind
    assert WORDS in seeing and HASH in seeing


def test_refund_reference_is_masked_in_the_summary(payment: MpesaPayment) -> None:
    url = url_of("payment", payment.pk)

    blind, seeing = read(staff(), url), read(staff("view_full_phone"), url)

    assert "we refunded KSh 100 on 23 Nov 2026: •••149." in blind
    assert "we refunded KSh 100 on 23 Nov 2026: 0708 374 149." in seeing
