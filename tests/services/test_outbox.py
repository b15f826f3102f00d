"""What is due is done once, after the commit, and tried again when it fails (M14's first half)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.dispatch import Signal

from oscar_mpesa import signals
from oscar_mpesa.models import MessageKind, MpesaOutboxMessage
from oscar_mpesa.services import outbox
from tests.shop import NOON, failure, later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)


class Listener:
    """Counts what a signal says."""

    def __init__(self, signal: Signal) -> None:
        self.heard: list[dict[str, Any]] = []
        self.signal = signal
        signal.connect(self)

    def __call__(self, **told: Any) -> None:
        self.heard.append(told)


class Packer:
    """The shop's own code; its warehouse is down the first few times."""

    def __init__(self) -> None:
        self.told, self.failures = 0, 1
        self.packed: list[int] = []

    def take(self, *, order: Any, **_: Any) -> None:
        self.told += 1
        if self.told <= self.failures:
            raise OSError("the warehouse is down")
        self.packed.append(order.pk)


@pytest.fixture
def packer() -> Iterator[Packer]:
    packer = Packer()
    signals.order_paid.connect(packer.take)
    yield packer
    signals.order_paid.disconnect(packer.take)


def test_a_paid_order_is_announced_once_and_mailed_once_with_its_code() -> None:
    listener = Listener(signals.order_paid)
    payment = pay(new_payment())

    post(payment, success(payment), now=later(5))

    assert len(listener.heard) == 1
    assert (listener.heard[0]["order"].pk, listener.heard[0]["receipt"].number) == (payment.order_id, "OD123ABC45")
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == ["guest@example.com"]
    assert "OD123ABC45" in mail.outbox[0].body
    assert mail.outbox[0].message().as_string().count("M-PESA code OD123ABC45: KSh 1,500 received.") == 2


def test_a_failed_attempt_is_announced_and_not_mailed() -> None:
    listener = Listener(signals.payment_failed)
    payment = new_payment()

    post(payment, failure(payment))

    assert [told["payment"].pk for told in listener.heard] == [payment.pk]
    assert mail.outbox == []


def test_money_that_no_order_took_is_announced() -> None:
    listener = Listener(signals.receipt_unmatched)
    payment = pay(new_payment())

    post(payment, success(payment, number="OD999ZZZ99"))

    assert [told["receipt"].number for told in listener.heard] == ["OD999ZZZ99"]


def test_a_receiver_of_the_shop_that_raises_stops_nothing() -> None:
    def raises(**_: Any) -> None:
        raise RuntimeError("broken receiver")

    signals.order_paid.connect(raises)
    listener = Listener(signals.order_paid)
    try:
        pay(new_payment())
    finally:
        signals.order_paid.disconnect(raises)

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID)
    assert len(listener.heard) == 1
    assert len(mail.outbox) == 1
    assert (item.delivered_at, item.tries) == (None, 1)
    assert "test_outbox" in item.error
    assert "RuntimeError('broken receiver')" in item.error


def test_who_packs_the_order_is_told_again_after_the_warehouse_was_down(packer: Packer) -> None:
    listener = Listener(signals.order_paid)
    payment = pay(new_payment())

    outbox.deliver_for_order(payment.mpesa_order_id, now=later(60))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(301))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(900))

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID)
    assert (packer.told, packer.packed, len(listener.heard)) == (2, [payment.order_id], 2)
    assert (item.delivered_at, item.tries, item.error) == (later(301), 2, "")


def test_an_announcement_that_is_never_taken_is_given_up_after_five_tries_and_keeps_its_error(packer: Packer) -> None:
    packer.failures = 100
    payment = pay(new_payment())

    for minutes in range(6, 60, 6):
        outbox.deliver_for_order(payment.mpesa_order_id, now=later(60 * minutes))

    given_up = MpesaOutboxMessage.objects.get(delivered_at=None, tries__gte=outbox.MAX_TRIES)
    assert (packer.told, given_up.kind) == (5, MessageKind.ORDER_PAID)
    assert "Packer.take raised OSError('the warehouse is down')" in given_up.error


def test_a_process_that_dies_after_telling_tells_again() -> None:
    def dies(**_: Any) -> None:
        raise SystemExit

    listener = Listener(signals.order_paid)
    signals.order_paid.connect(dies)
    payment = new_payment()
    try:
        with pytest.raises(SystemExit):
            pay(payment)
    finally:
        signals.order_paid.disconnect(dies)

    outbox.deliver_for_order(payment.mpesa_order_id, now=later(301))

    assert len(listener.heard) == 2
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID).delivered_at == later(301)


def test_a_mail_server_that_is_down_leaves_the_mail_due_and_the_money_there(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DeadMail"

    payment = pay(new_payment())

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)
    assert payment.status == "completed"
    assert (item.delivered_at, item.tries) == (None, 1)
    assert "no mail today" in item.error


def test_a_failed_mail_is_sent_by_a_later_try_once_its_claim_is_old(settings: Any) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DeadMail"
    payment = pay(new_payment())
    settings.EMAIL_BACKEND = backend
    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)

    in_other_hands = outbox.deliver(item, now=later(60))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(301))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(900))

    assert in_other_hands is True
    assert len(mail.outbox) == 1
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL).delivered_at == later(301)


def test_a_thing_is_given_up_after_five_tries(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DeadMail"
    payment = pay(new_payment())

    for minutes in range(6, 60, 6):
        outbox.deliver_for_order(payment.mpesa_order_id, now=later(60 * minutes))

    assert MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL).tries == 5


def test_the_mail_speaks_the_shopper_s_language(settings: Any) -> None:
    payment = new_payment(sent=True, now=NOON)
    payment.mpesa_order.language = "sw"
    payment.mpesa_order.save()

    pay(payment)

    assert "/sw/" in mail.outbox[0].body


class DeadMail:
    """A mail server that is down."""

    def __init__(self, **_: Any) -> None:
        pass

    def send_messages(self, messages: list[Any]) -> int:
        """Nothing goes out."""
        raise OSError("no mail today")
