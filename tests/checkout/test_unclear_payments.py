"""A payment that may be paid stops every other way to pay, through the pages as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaPushAttempt
from oscar_mpesa.payment_page.formats import from_clock
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.checkout.people import link_holder
from tests.page_html import html_of
from tests.pay_links import link_to
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import ANOTHER, failure, new_payment, new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def buys(shopper: Shopper) -> tuple[str, MpesaPayment]:
    """Buy with a prompt on the phone; return the payment page's path and the payment."""
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        page_url: str = shopper.buys(new_product(), phone="0712345678")["Location"]
    return page_url, MpesaPayment.objects.get()


SENTENCES = {
    "en": (
        "M-PESA hasn't answered yet. If an M-PESA SMS says Confirmed, you have paid: don't pay again. "
        "Otherwise, you can send the prompt again at {time}."
    ),
    "sw": (
        "M-PESA bado haijajibu. Ikiwa SMS ya M-PESA inasema Confirmed (Imethibitishwa), umeshalipa: usilipe tena. "
        "La sivyo, unaweza kutuma ombi tena kuanzia {time}."
    ),
}


@pytest.mark.parametrize("language", ["en", "sw"])
def test_retry_is_refused_while_safaricom_does_not_answer(shopper: Shopper, settings: Any, language: str) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    _, payment = buys(shopper)
    ended = timezone.now() - timedelta(seconds=70)
    MpesaPayment.objects.update(
        status="expired",
        live_order=None,
        ended_at=ended,
        push_sent_at=ended - timedelta(seconds=150),
        next_query_at=None,
    )
    silence = ScriptedTransport({"query": [DarajaUnreachable("no reply")] * 2})

    with translation.override(language), replaced_transport(silence):
        retry_url = reverse("checkout:mpesa-retry", args=[payment.mpesa_order.public_id])
        answer = shopper.client.post(retry_url, {"phone_number": "0708374149"}, follow=True)
        time = from_clock(ended + timedelta(minutes=5))

    assert SENTENCES[language].format(time=time) in html_of(answer)
    assert len(silence.sent("query")) == 1
    assert MpesaPayment.objects.count() == 1


def test_link_holder_cannot_try_numbers_while_safaricom_is_silent(shopper: Shopper, settings: Any) -> None:
    page_url, payment = buys(shopper)
    for _ in range(2):
        new_payment(phone=ANOTHER, now=timezone.now())
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    expired = {"status": "expired", "live_order": None, "ended_at": timezone.now(), "next_query_at": None}
    MpesaPayment.objects.filter(pk=payment.pk).update(checkout_request_id="ws_CO_1", **expired)
    MpesaPayment.objects.update(environment="sandbox")
    MpesaPushAttempt.objects.update(environment="sandbox")
    holder, silence = link_holder(payment, link_to(payment)), ScriptedTransport({"query": [DarajaUnreachable("")]})

    with replaced_transport(silence):
        numbers = [f"07123456{end}" for end in (70, 71, 72, 73, 78, 79)]  # the owner's ends in 78
        pages = [holder.post(f"{page_url}retry/", {"phone_number": each}, follow=True) for each in numbers]

    sentences = ["M-PESA hasn't answered yet."] * 4 + ["We allow five numbers for one order."] * 2
    assert [sentence in html_of(page) for sentence, page in zip(sentences, pages, strict=True)] == [True] * 6
    assert list(MpesaPushAttempt.objects.order_by("pk").values_list("refused_by", flat=True)[3:]) == (
        [""] * 4 + ["order_numbers"] * 2
    )


def test_every_other_action_is_refused_while_money_is_confirmed(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product(), phone="0708374151")["Location"]
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment), now=timezone.now())
    before = html_of(shopper.client.get(page_url))
    post(payment, success(payment), now=timezone.now(), confirmed=False)
    MpesaPayment.objects.update(next_query_at=None)

    pages = {
        action: shopper.client.post(f"{page_url}{action}/", {"phone_number": "0712345678"}, follow=True)
        for action in ("retry", "pay-later", "other-method", "restore-basket", "done")
    }

    reported = "We're confirming it; don't pay again."
    mpesa_order = MpesaOrder.objects.get()
    assert reported not in before and "Pay another way" in before
    assert {action: reported in html_of(page) for action, page in pages.items()} == dict.fromkeys(pages, True)
    assert (mpesa_order.is_closed, mpesa_order.pay_later_at, mpesa_order.basket_restored_at) == (False, None, None)
    assert MpesaPayment.objects.count() == 1
