"""Orders in each state that the payment page has, made in the database as if they had just come to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaAllocation, MpesaPayment
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_closure import close_expired_order, close_order
from oscar_mpesa.services.pay_later import pay_later
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import record_refund
from oscar_mpesa.services.update_sources import push_expired
from tests.shop import ANOTHER, CANCELS, failure, new_order, new_payment, pay, post, success


def enter_pin() -> MpesaPayment:
    """The prompt is on the phone, and stays there: without its id, the simulator has no answer."""
    payment = new_payment(phone=ANOTHER, now=timezone.now())
    return _changed(payment, checkout_request_id=None)


def checking() -> MpesaPayment:
    """No answer for more than a minute."""
    return _changed(enter_pin(), push_sent_at=timezone.now() - timedelta(seconds=80))


def failed(code: int, *, phone: PhoneNumber = ANOTHER) -> Callable[[], MpesaPayment]:
    """Ended by a result code of Safaricom's."""

    def build() -> MpesaPayment:
        payment = new_payment(phone=phone, now=timezone.now() - timedelta(seconds=30))
        post(payment, failure(payment, code=code), now=timezone.now())
        return _changed(payment)

    return build


def unanswered_too_long() -> MpesaPayment:
    """Our own clock ended it."""
    payment = new_payment(phone=ANOTHER, now=timezone.now() - timedelta(seconds=151))
    apply_update(payment, push_expired(), now=timezone.now())
    return _changed(payment)


def named_after_expiry() -> MpesaPayment:
    """Our own clock ended it, and then Safaricom said why."""
    payment = unanswered_too_long()
    post(payment, failure(payment, code=1032), now=timezone.now())
    return _changed(payment)


def confirming() -> MpesaPayment:
    """A success was reported after a failure, and Safaricom has not confirmed it."""
    payment = failed(1032)()
    post(payment, success(payment, number="OD444DDD44"), now=timezone.now(), confirmed=False)
    return _changed(payment, next_query_at=timezone.now() + timedelta(minutes=10))


def pays_later() -> MpesaPayment:
    """Its shopper keeps the things and passes on a link."""
    payment = failed(1032)()
    pay_later(payment.mpesa_order.order, actor=Actor(), now=timezone.now())
    return _changed(payment)


def paid() -> MpesaPayment:
    """The money is there."""
    return pay(new_payment(phone=ANOTHER, now=timezone.now()), now=timezone.now())


def paid_in_two_parts() -> MpesaPayment:
    """A part came elsewhere, and a prompt brought the rest."""
    payment = part_paid()
    again = new_payment(payment.mpesa_order.order, phone=ANOTHER, now=timezone.now())
    return pay(again, number="OD333CCC33", now=timezone.now())


def part_paid() -> MpesaPayment:
    """A part of the money came after the prompt was canceled."""
    payment = failed(1032, phone=CANCELS)()
    order, now = payment.mpesa_order.order, timezone.now()
    record_claim("OD555EEE55", Decimal(500), order=order, by=_boss(), note="statement", now=now)
    return _changed(payment)


def failed_for_the_rest() -> MpesaPayment:
    """A part came elsewhere, and the prompt for the rest was canceled."""
    payment = part_paid()
    again = new_payment(payment.mpesa_order.order, phone=ANOTHER, now=timezone.now())
    post(again, failure(again), now=timezone.now())
    return _changed(again)


def recorded() -> MpesaPayment:
    """Staff recorded a code that Safaricom has not reported."""
    payment = failed(1032)()
    order, now = payment.mpesa_order.order, timezone.now()
    record_claim("OD555EEE55", Decimal(1500), order=order, by=_boss(), note="statement", now=now)
    return _changed(payment)


def paid_twice() -> MpesaPayment:
    """More money came for a paid order."""
    first = failed(1032, phone=CANCELS)()
    second = pay(new_payment(first.mpesa_order.order, phone=ANOTHER, now=timezone.now()), now=timezone.now())
    post(first, success(first, number="OD333CCC33"), now=timezone.now())
    return _changed(second)


def paid_too_much() -> MpesaPayment:
    """One payment brought more than the order costs."""
    payment = new_payment(phone=ANOTHER, now=timezone.now())
    post(payment, success(payment, amount=2000), now=timezone.now())
    allocate(payment.receipts.get(), payment.mpesa_order.order, by=_boss(), now=timezone.now())
    return _changed(payment)


def mismatch() -> MpesaPayment:
    """Another amount came."""
    payment = new_payment(phone=ANOTHER, now=timezone.now())
    post(payment, success(payment, amount=1400), now=timezone.now())
    return _changed(payment)


def unpaid() -> MpesaPayment:
    """The other amount was sent back; the order can still be paid."""
    return _returned(mismatch())


def not_waiting() -> MpesaPayment:
    """The shop went on with the order without M-PESA."""
    payment = failed(1032)()
    get_model("order", "Order").objects.update(status="Being processed")
    return _changed(payment)


def closed() -> MpesaPayment:
    """Nobody paid in time; its things can go back into the basket."""
    payment = failed(1032, phone=CANCELS)()
    close_expired_order(payment.mpesa_order, now=timezone.now() + timedelta(minutes=31))
    return _changed(payment)


def restored() -> MpesaPayment:
    """They did."""
    payment = closed()
    payment.mpesa_order.basket_restored_at = timezone.now()
    payment.mpesa_order.save(update_fields=["basket_restored_at"])
    return _changed(payment)


def late() -> MpesaPayment:
    """Money came after staff had cancelled the order."""
    payment = failed(1032)()
    close_order(payment.mpesa_order.order, by=_boss(), now=timezone.now())
    return pay(_changed(payment), now=timezone.now())


def reviewed() -> MpesaPayment:
    """Staff unmatched the money, and have not decided about it yet."""
    payment = paid()
    entry = MpesaAllocation.objects.get(receipt__payment=payment)
    reverse_allocation(entry, by=_boss(), note="another customer's", now=timezone.now())
    return _changed(payment)


def used() -> MpesaPayment:
    """The late money pays another order."""
    payment = late()
    allocate(payment.receipts.get(), new_order(), by=_boss(), now=timezone.now())
    return _changed(payment)


def returned() -> MpesaPayment:
    """It was sent back."""
    return _returned(late())


def explained() -> MpesaPayment:
    """Or dealt with in another way."""
    payment = late()
    resolve_receipt(payment.receipts.get(), note="settled at the counter", by=_boss(), now=timezone.now())
    return payment


#: By the word that the panel's class has; where one has several looks, a second word tells them apart.
STATES: Mapping[str, Callable[[], MpesaPayment]] = {
    "enter-pin": enter_pin,
    "checking": checking,
    "confirming": confirming,
    "failed, cancelled": failed(1032),
    "failed, wrong PIN": failed(2001),
    "failed, another number": failed(4),
    "failed, the shop's fault": failed(2028),
    "failed, named after expiry": named_after_expiry,
    "failed, pays later": pays_later,
    "wait": failed(17),
    "unanswered": unanswered_too_long,
    "paid": paid,
    "paid, in two parts": paid_in_two_parts,
    "paid, recorded by staff": recorded,
    "part-paid": part_paid,
    "failed, part-paid": failed_for_the_rest,
    "surplus": paid_twice,
    "surplus, too much": paid_too_much,
    "mismatch": mismatch,
    "unpaid": unpaid,
    "not-waiting": not_waiting,
    "closed": closed,
    "closed, restored": restored,
    "late": late,
    "reviewed": reviewed,
    "used": used,
    "returned": returned,
    "explained": explained,
}


def _returned(payment: MpesaPayment) -> MpesaPayment:
    receipt = payment.receipts.get()
    record_refund(receipt, amount=receipt.amount, code="R1", by=_boss(), now=timezone.now())
    return payment


def _boss() -> Any:
    users = get_user_model().objects
    return users.filter(is_superuser=True).first() or users.create_superuser("boss", "boss@example.com", "karibu")


def _changed(payment: MpesaPayment, **changes: Any) -> MpesaPayment:
    if changes:
        MpesaPayment.objects.filter(pk=payment.pk).update(**changes)
    return MpesaPayment.objects.select_related("mpesa_order__order").get(pk=payment.pk)
