"""What happens to a shop until M-PESA works or does not, and what the checkout then shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.daraja.transport import Response
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import RECONCILE, record_job_run
from oscar_mpesa.testing.transport import Step
from tests.alerts.shop_wire import ShopWire
from tests.dashboard.staff import staff_client, url_of
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply, refusal
from tests.shop import ANOTHER, CANCELS, PAYS, failure, new_payment, new_product, pay, post
from tests.shopper import Shopper

WARNING = "M-PESA isn&#x27;t answering right now. You can try it, or choose another way to pay."
HINT = "You&#x27;ll get a prompt on your phone. Enter your M-PESA PIN to pay."

REJECTED = Response(status=400, headers={}, body=b"")
SILENCE = DarajaUnreachable("read timed out", sent=False)
WRONG_PASSKEY = refusal("500.001.1001", "Wrong credentials", status=500)
UNKNOWN_PAYMENT = {**query_reply("4999"), "CheckoutRequestID": ""}
BOUGHT, REFUSED = [ACCEPTED], [WRONG_PASSKEY]


def open_shop(settings: Any) -> None:
    """Configure a shop with credentials, whose ``mpesa_reconcile`` runs."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, "HEALTH_TOKEN": "maziwa"}
    record_job_run(RECONCILE, now=timezone.now())


def buy(*replies: Step, phone: Any = PAYS, **script: list[Step]) -> MpesaPayment:
    """Start a payment now; by default, Safaricom accepts the push."""
    with replaced_transport(ShopWire(push=list(replies or BOUGHT), **script)):
        return new_payment(phone=phone, now=timezone.now())


def paid(_settings: Any = None) -> None:
    pay(buy(), now=timezone.now())


def run_setup_test(*replies: Step) -> None:
    """Run the full test by the button of the set-up page."""
    with replaced_transport(ShopWire(query=list(replies))):
        answer = staff_client("act_on_payment").post(url_of("setup"))
    assert answer.status_code == 200


def keys_rejected_after_payment(_settings: Any) -> None:
    paid()
    cache.clear()  # the token
    buy(phone=ANOTHER, oauth=[REJECTED, REJECTED])


def outage(_settings: Any) -> None:
    paid()
    for phone in (PAYS, CANCELS, ANOTHER):
        buy(SILENCE, phone=phone)


def failed_test_after_payment(_settings: Any) -> None:
    paid()
    run_setup_test(WRONG_PASSKEY)


def payment_after_failed_test(_settings: Any) -> None:
    run_setup_test(WRONG_PASSKEY)
    paid()


def passed_test_after_refused_push(_settings: Any) -> None:
    buy(*REFUSED)
    run_setup_test(UNKNOWN_PAYMENT)


def swapped_numbers_after_payment(_settings: Any) -> None:
    paid()
    payment = buy({**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}, phone=ANOTHER)
    post(payment, failure(payment, code="2028"), now=timezone.now())


def changed(**changes: Any) -> Callable[[Any], None]:
    def change(settings: Any) -> None:
        settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **changes}

    return change


def in_test_mode(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "HEALTH_TOKEN": "maziwa", "WAKE": CREDENTIALS["WAKE"]}


def without_settings(settings: Any) -> None:
    settings.OSCAR_MPESA = {"HEALTH_TOKEN": "maziwa"}


def chooser() -> str:
    """Return the page on which a guest chooses how to pay, empty if there is nothing to choose."""
    shopper = Shopper().puts_in_basket(new_product()).gives_address()
    return str(shopper.client.get(reverse("checkout:payment-method")).content.decode())
