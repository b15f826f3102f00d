"""Repeat service calls that the database undid (L3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db.models.signals import post_save
from oscar.core.loading import get_model

from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.models import MpesaRefund
from oscar_mpesa.services.allocation import allocate, resolve_receipt
from oscar_mpesa.services.confirmation import apply_paid_reply
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.exceptions import MoneyMoved, NoDecisionNeeded
from oscar_mpesa.services.order_closure import close_for_other_method
from oscar_mpesa.services.refunds import record_refund
from tests.services.concurrent_changes import just_before
from tests.services.money import FIRST, PERMISSIONS, SECOND, canceled_twice, entries, money, receipt, row, twice_paid
from tests.shop import OWNER, later, new_order, new_payment, new_staff_user, post, success

Transaction = get_model("payment", "Transaction")

#: What MariaDB raises.
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")


class Call:
    """A call that fails some times before it answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.count = list(errors), 0
        self.__name__ = "call"

    def __call__(self, word: str) -> str:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return word


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [DEADLOCK, MoneyMoved(1)])
def test_undone_call_is_repeated_and_logged(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(error, error)

    answer = repeat_on_deadlock(call)("done")

    assert (answer, call.count) == ("done", 3)
    assert caplog.text.count("the database undid a call; it is repeated") == 2


@pytest.mark.django_db(transaction=True)
def test_third_deadlock_is_raised() -> None:
    call = Call(*[DEADLOCK] * 5)

    with pytest.raises(OperationalError):
        repeat_on_deadlock(call)("done")

    assert call.count == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [NoDecisionNeeded(1), OperationalError("database is locked")])
def test_other_errors_are_raised_at_once(error: Exception) -> None:
    call = Call(error)

    with pytest.raises(type(error)):
        repeat_on_deadlock(call)("done")

    assert call.count == 1


@pytest.mark.django_db(transaction=True)
def test_deadlock_inside_a_transaction_is_raised_at_once() -> None:
    call = Call(DEADLOCK)

    with pytest.raises(OperationalError), transaction.atomic():
        repeat_on_deadlock(call)("done")

    assert call.count == 1


@pytest.mark.django_db(transaction=True)
def test_call_whose_money_moves_meanwhile_starts_anew(caplog: pytest.LogCaptureFixture) -> None:
    """Undo the other change together with the first call, because both use one connection."""
    twice_paid()
    staff, other = new_staff_user(*PERMISSIONS), new_order(status="Pending", total="600.00")
    seen: Any = receipt(SECOND)

    with just_before('FROM "oscar_mpesa_mpesapayment"', lambda: allocate(seen, other, by=staff, now=later(700))):
        resolve_receipt(seen, note="a tip", by=staff, now=later(800))

    assert "MoneyMoved" in caplog.text
    assert (entries(other), money(SECOND)) == ([], ("resolved", 0, ""))


def undo() -> None:
    raise DEADLOCK


@pytest.mark.django_db(transaction=True)
def test_confirmation_that_a_deadlock_undid_is_repeated(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    payment = new_payment()
    post(payment, success(payment, number=FIRST), now=later(60 * 60 * 48), confirmed=False)
    paid = StkQueryReply(result_code="0", description="ok")

    with just_before('INSERT INTO "oscar_mpesa_mpesareceipt"', undo):
        apply_paid_reply(payment, paid, checkout_id=payment.checkout_request_id or "", now=later(60 * 60 * 49))

    assert money(FIRST) == ("matched", 0, "")


@pytest.mark.django_db(transaction=True)
def test_closure_that_a_deadlock_undid_is_repeated() -> None:
    payment, _ = canceled_twice()

    with just_before('UPDATE "oscar_mpesa_mpesaorder"', undo):
        close_for_other_method(payment.mpesa_order.order, actor=OWNER, now=later(200))

    assert row(payment.mpesa_order).close_reason == "other_method"


@pytest.mark.django_db(transaction=True)
def test_committed_call_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """The shop's own hook of the commit meets a deadlock in the shop's own tables."""
    twice_paid()
    staff = new_staff_user(*PERMISSIONS)
    hooks: list[None] = []

    def raise_once() -> None:
        hooks.append(None)
        if len(hooks) == 1:
            raise DEADLOCK

    with receiver_of(Transaction, lambda **_: transaction.on_commit(raise_once)):
        record_refund(receipt(FIRST), amount=Decimal(300), code="cash", by=staff, now=later(900))

    assert [each.amount for each in MpesaRefund.objects.all()] == [300]
    assert len(hooks) == 1
    assert "a hook of its commit raised" in caplog.text


@contextmanager
def receiver_of(model: Any, receive: Callable[..., None]) -> Iterator[None]:
    post_save.connect(receive, sender=model, weak=False)
    try:
        yield
    finally:
        post_save.disconnect(receive, sender=model)
