"""A due message is delivered once, after the commit, and retried when delivery fails (M14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail
from django.dispatch import Signal

from oscar_mpesa import signals
from oscar_mpesa.models import MessageKind, MpesaOutboxMessage
from oscar_mpesa.services import outbox
from oscar_mpesa.services.mail import breaker
from oscar_mpesa.testing import deliver_due
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, pay, post, success

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
    assert mail.outbox[0].message().as_string().count("OD123ABC45") == 2


def test_failed_payment_is_announced_and_not_emailed() -> None:
    listener = Listener(signals.payment_failed)
    payment = new_payment()

    post(payment, failure(payment))

    assert [fields["payment"].pk for fields in listener.received] == [payment.pk]
    assert mail.outbox == []


def test_unmatched_money_is_announced() -> None:
    listener = Listener(signals.receipt_unmatched)
    payment = new_payment()

    post(payment, success(payment, amount=1000, number="OD999ZZZ99"))

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

    deliver_due(now=later(89))
    deliver_due(now=later(90))
    deliver_due(now=later(900))

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID)
    assert (packer.calls, packer.packed, len(listener.received)) == (2, [payment.order_id], 2)
    assert (item.delivered_at, item.tries, item.error) == (later(90), 2, "")


def test_failing_message_is_tried_for_two_days_with_doubling_pauses(packer: Packer) -> None:
    packer.failures = 100
    pay(new_payment())
    moments = [NOON]

    for tries in range(1, 12):
        next_try = MpesaOutboxMessage.objects.get(delivered_at=None).due_at
        deliver_due(now=next_try - timedelta(seconds=1))
        assert packer.calls == tries
        deliver_due(now=next_try)
        moments.append(next_try)
    deliver_due(now=later(10 * 24 * 3600))

    given_up = MpesaOutboxMessage.objects.get(delivered_at=None)
    assert (packer.calls, given_up.tries, given_up.kind) == (12, 12, MessageKind.ORDER_PAID)
    pauses = [(after - before).total_seconds() for before, after in pairwise(moments)]
    assert pauses == [90, 180, 360, 720, 1440, 2880, 5760, 11520, 23040, 46080, 92160]
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

    deliver_due(now=later(301))

    assert len(listener.received) == 2
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID).delivered_at == later(301)


def test_mail_server_down_leaves_the_email_due_and_the_money_booked(settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DownBackend"

    payment = pay(new_payment())

    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)
    assert payment.status == "completed"
    assert (item.delivered_at, item.tries) == (None, 1)
    assert "no mail today" in item.error


def test_failed_email_is_sent_at_its_next_try(settings: Any) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.services.test_outbox.DownBackend"
    pay(new_payment())
    settings.EMAIL_BACKEND = backend

    deliver_due(now=later(89))
    too_early = len(mail.outbox)
    deliver_due(now=later(90))
    deliver_due(now=later(900))

    assert (too_early, len(mail.outbox)) == (0, 1)
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL).delivered_at == later(90)


def test_message_of_another_worker_is_left_to_it_for_five_minutes() -> None:
    pay(new_payment())
    MpesaOutboxMessage.objects.filter(kind=MessageKind.PAID_EMAIL).update(delivered_at=None, reserved_at=NOON)
    mail.outbox.clear()
    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)

    in_other_hands = outbox.deliver(item, now=later(300))
    abandoned = outbox.deliver(item, now=later(301))

    assert (in_other_hands, abandoned) == (outbox.Delivery.RESERVED, outbox.Delivery.DELIVERED)
    assert len(mail.outbox) == 1


def test_message_with_an_old_count_of_tries_is_not_delivered_twice() -> None:
    payment = pay(new_payment())
    MpesaOutboxMessage.objects.filter(kind=MessageKind.PAID_EMAIL).update(delivered_at=None, reserved_at=None)
    mail.outbox.clear()
    item = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL, payment=payment)
    item.tries -= 1

    assert outbox.deliver(item, now=later(300)) == outbox.Delivery.RESERVED
    assert (len(mail.outbox), MpesaOutboxMessage.objects.get(pk=item.pk).delivered_at) == (0, None)


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


def test_order_of_a_deleted_user_needs_no_email(django_user_model: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    user = django_user_model.objects.create_user("achieng", "achieng@example.com")
    pay(new_payment(new_order(user=user)))
    user.delete()

    deliver_due(now=later(1))

    email = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL)
    assert (email.delivered_at, email.skip_reason, email.tries) == (later(1), "no_address", 1)
    assert MpesaOutboxMessage.objects.get(kind=MessageKind.ORDER_PAID).skip_reason == ""
    assert mail.outbox == []


def test_outdated_email_says_that_it_was_not_sent() -> None:
    payment = new_payment()
    post(payment, failure(payment))
    pay(payment, number="OD123ABC45")

    deliver_due(now=later(601))

    failed = MpesaOutboxMessage.objects.get(kind=MessageKind.FAILED_EMAIL)
    assert (failed.delivered_at, failed.skip_reason) == (later(601), "outdated")
    assert len(mail.outbox) == 1


def test_skipped_email_lets_the_next_email_try_a_server_that_failed(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    pay(new_payment(new_order()))
    MpesaOutboxMessage.objects.update(due_at=later(60))
    order = MpesaOutboxMessage.objects.get(kind=MessageKind.PAID_EMAIL).mpesa_order.order
    order.guest_email = ""
    order.save()
    pay(new_payment(new_order(), phone=ANOTHER), number="OD999ZZZ99")
    breaker.open(NOON)

    deliver_due(now=later(60))

    assert not MpesaOutboxMessage.objects.filter(delivered_at=None).exists()
    assert len(mail.outbox) == 1
