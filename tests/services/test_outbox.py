"""A due message is delivered once, after the commit, and retried when delivery fails (M14)."""

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
    """Record what a signal sends."""

    def __init__(self, signal: Signal) -> None:
        self.received: list[dict[str, Any]] = []
        self.signal = signal
        signal.connect(self)

    def __call__(self, **fields: Any) -> None:
        self.received.append(fields)


class Packer:
    """The shop's own receiver, which fails the first few times."""

    def __init__(self) -> None:
        self.calls, self.failures = 0, 1
        self.packed: list[int] = []

    def pack(self, *, order: Any, **_: Any) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise OSError("the warehouse is down")
        self.packed.append(order.pk)


@pytest.fixture
def packer() -> Iterator[Packer]:
    packer = Packer()
    signals.order_paid.connect(packer.pack)
    yield packer
    signals.order_paid.disconnect(packer.pack)


def test_paid_order_is_announced_and_emailed_once_with_its_code() -> None:
    listener = Listener(signals.order_paid)
    payment = pay(new_payment())

    post(payment, success(payment), now=later(5))

    assert len(listener.received) == 1
    assert (listener.received[0]["order"].pk, listener.received[0]["receipt"].number) == (
        payment.order_id,
        "OD123ABC45",
    )
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == ["guest@example.com"]
    assert "OD123ABC45" in mail.outbox[0].body
    assert mail.outbox[0].message().as_string().count("M-PESA code OD123ABC45: KSh 1,500 received.") == 2


def test_failed_payment_is_announced_and_not_emailed() -> None:
    listener = Listener(signals.payment_failed)
    payment = new_payment()

    post(payment, failure(payment))

    assert [fields["payment"].pk for fields in listener.received] == [payment.pk]
    assert mail.outbox == []


def test_unmatched_money_is_announced() -> None:
    listener = Listener(signals.receipt_unmatched)
    payment = pay(new_payment())

    post(payment, success(payment, number="OD999ZZZ99"))

    assert [fields["receipt"].number for fields in listener.received] == ["OD999ZZZ99"]


def test_raising_receiver_stops_nothing() -> None:
    def raises(**_: Any) -> None:
        raise RuntimeError("broken receiver")

    signals.order_paid.connect(raises)
    listener = Listener(signals.order_paid)
    try:
        pay(new_payment())
    finally:
        signals.order_paid.disconnect(raises)

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID)
    assert len(listener.received) == 1
    assert len(mail.outbox) == 1
    assert (item.delivered_at, item.tries) == (None, 1)
    assert "test_outbox" in item.error
    assert "RuntimeError('broken receiver')" in item.error


def test_failing_receiver_is_called_again_later(packer: Packer) -> None:
    listener = Listener(signals.order_paid)
    payment = pay(new_payment())

    outbox.deliver_for_order(payment.mpesa_order_id, now=later(60))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(301))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(900))

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID)
    assert (packer.calls, packer.packed, len(listener.received)) == (2, [payment.order_id], 2)
    assert (item.delivered_at, item.tries, item.error) == (later(301), 2, "")


def test_announcement_gives_up_after_five_tries_and_keeps_its_error(packer: Packer) -> None:
    packer.failures = 100
    payment = pay(new_payment())

    for minutes in range(6, 60, 6):
        outbox.deliver_for_order(payment.mpesa_order_id, now=later(60 * minutes))

    given_up = MpesaOutboxMessage.objects.get(delivered_at=None, tries__gte=outbox.MAX_TRIES)
    assert (packer.calls, given_up.kind) == (5, MessageKind.ORDER_PAID)
    assert "Packer.pack raised OSError('the warehouse is down')" in given_up.error


def test_process_killed_after_delivery_delivers_again() -> None:
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

    assert len(listener.received) == 2
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID).delivered_at == later(301)


def test_mail_server_down_leaves_the_email_due_and_the_money_booked(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DownBackend"

    payment = pay(new_payment())

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)
    assert payment.status == "completed"
    assert (item.delivered_at, item.tries) == (None, 1)
    assert "no mail today" in item.error


def test_failed_email_is_sent_after_its_lease_ends(settings: Any) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DownBackend"
    payment = pay(new_payment())
    settings.EMAIL_BACKEND = backend
    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)

    in_other_hands = outbox.deliver(item, now=later(60))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(301))
    outbox.deliver_for_order(payment.mpesa_order_id, now=later(900))

    assert in_other_hands is True
    assert len(mail.outbox) == 1
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL).delivered_at == later(301)


def test_message_gives_up_after_five_tries(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DownBackend"
    payment = pay(new_payment())

    for minutes in range(6, 60, 6):
        outbox.deliver_for_order(payment.mpesa_order_id, now=later(60 * minutes))

    assert MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL).tries == 5


def test_email_uses_the_shopper_s_language(settings: Any) -> None:
    payment = new_payment(sent=True, now=NOON)
    payment.mpesa_order.language = "sw"
    payment.mpesa_order.save()

    pay(payment)

    assert "/sw/" in mail.outbox[0].body


class DownBackend:
    """A mail server that is down."""

    def __init__(self, **_: Any) -> None:
        pass

    def send_messages(self, messages: list[Any]) -> int:
        """Raise as a mail server that is down."""
        raise OSError("no mail today")
