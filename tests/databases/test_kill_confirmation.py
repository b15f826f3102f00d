"""A process that is killed while it confirms a reported success pays it once, and only what Safaricom confirms (M5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.db import connection
from django.db.models.signals import post_save
from django.test import override_settings
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaPayment, MpesaReceipt
from oscar_mpesa.testing import deliver_due
from tests.databases.books import assert_books_agree, assert_money_counts_once, statuses
from tests.databases.clock import Clock
from tests.databases.emails import delivered
from tests.databases.processes import KILLED, kill_process, run_process
from tests.databases.shared_daraja import SharedDaraja
from tests.databases.threads import new_payment
from tests.services.queries import forget_calls
from tests.shop import failure, post, success

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]


class KillAtWake:
    """Kill the process at its n-th commit that wakes, and do what is due at the others."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, *, now: datetime) -> None:
        self.left -= 1
        if not self.left:
            kill_process()
        deliver_due(now=now)


class KillBeforeWrite:
    """Kill the process before its n-th change of the database."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= sql.startswith(("INSERT", "UPDATE", "DELETE"))
        if self.left <= 0:
            kill_process()
        return execute(sql, params, many, context)


# How a process is killed, from the arrival of the callback to the commit of the money.


def kill_when_stored() -> None:
    post_save.connect(kill_process, sender=MpesaCallback)


def kill_at_wake(number: int) -> None:
    override_settings(OSCAR_MPESA={**shop_settings.OSCAR_MPESA, "WAKE": KillAtWake(number)}).enable()


def kill_when_answered() -> None:
    def kill(*, instance: MpesaApiCall, **_: Any) -> None:
        if instance.endpoint == "query":
            kill_process()

    post_save.connect(kill, sender=MpesaApiCall, weak=False)


def kill_while_booking() -> None:
    order_status_changed.connect(kill_process)


def kill_when_reserved(daraja: SharedDaraja) -> None:
    daraja.killed_at = "query"


#: The step at which the process is killed, the verdicts that it leaves, and the receipts.
UNPAID_STEPS = [
    pytest.param(kill_when_stored, "received", id="the callback is stored"),
    pytest.param(partial(kill_at_wake, 1), "unconfirmed", id="it is marked unconfirmed"),
    pytest.param(kill_when_reserved, "unconfirmed", id="the query is reserved"),
    pytest.param(kill_when_answered, "unconfirmed", id="the reply is there"),
]
PAID_STEPS = [
    *UNPAID_STEPS,
    pytest.param(kill_while_booking, "unconfirmed", id="the money is booked"),
    pytest.param(partial(kill_at_wake, 2), "applied", id="the money is committed"),
]


def cancelled_payment(clock: Clock) -> MpesaPayment:
    """Create a payment that Safaricom called cancelled, so that a success needs a confirmation."""
    payment = new_payment(now=clock.now)
    post(payment, failure(payment), now=clock.now)
    return payment


def post_and_die(payment: MpesaPayment, body: bytes, clock: Clock, first: Callable[[], object]) -> None:
    """Post a callback, whose commit makes its query, after ``first``."""
    forget_calls()  # the budget counts by the real clock
    first()
    post(payment, body, now=clock.now, confirmed=False)


def arranged(step: Callable[..., object], daraja: SharedDaraja) -> Callable[[], object]:
    return partial(step, daraja) if step is kill_when_reserved else step


def verdicts() -> dict[str, int]:
    """Return the number of reported successes by verdict; the first callback of each payment is a failure."""
    firsts = [payment.callbacks.order_by("pk")[0].pk for payment in MpesaPayment.objects.all()]
    return Counter(MpesaCallback.objects.exclude(pk__in=firsts).values_list("verdict", flat=True))


@pytest.mark.parametrize(("step", "left"), PAID_STEPS)
def test_killed_at_a_step_of_confirmation_pays_once(
    shared_daraja: SharedDaraja, clock: Clock, step: Callable[..., object], left: str
) -> None:
    payments = [cancelled_payment(clock) for _ in range(10)]
    first = arranged(step, shared_daraja)

    ends = [run_process(partial(post_and_die, each, shared_daraja.pay(each), clock, first)) for each in payments]
    verdicts_left, receipts_left = verdicts(), MpesaReceipt.objects.count()
    clock.run_minutes(10)
    clock.run_until_done()

    assert ends == [KILLED] * 10
    assert (verdicts_left, receipts_left) == ({left: 10}, 10 if left == "applied" else 0)
    assert (verdicts(), statuses()) == ({"applied": 10}, {"completed": 10})
    assert_money_counts_once(shared_daraja)


@pytest.mark.parametrize(("step", "left"), UNPAID_STEPS)
def test_killed_at_a_step_pays_nothing_that_safaricom_denies(
    shared_daraja: SharedDaraja, clock: Clock, step: Callable[..., object], left: str
) -> None:
    shared_daraja.unpaid_code = "1032"
    payments = [cancelled_payment(clock) for _ in range(10)]
    bodies = [success(each, number=f"SK{each.pk:08}") for each in payments]
    first = arranged(step, shared_daraja)

    ends = [run_process(partial(post_and_die, *each, clock, first)) for each in zip(payments, bodies, strict=True)]
    verdicts_left = verdicts()
    clock.run_minutes(10)
    clock.run_until_done()

    assert ends == [KILLED] * 10
    assert verdicts_left == {left: 10}
    assert (verdicts(), statuses()) == ({"unconfirmed": 10}, {"cancelled": 10})
    assert MpesaPayment.objects.exclude(not_paid_at=None).count() == 10
    assert_money_counts_once(shared_daraja)


def test_killed_before_any_write_pays_once(shared_daraja: SharedDaraja, clock: Clock) -> None:
    """Test a kill before each write from the callback's arrival to the last message's delivery."""
    ends: list[int] = []

    while not ends or ends[-1] == KILLED:
        payment = cancelled_payment(clock)
        kill = KillBeforeWrite(len(ends) + 1)
        body = shared_daraja.pay(payment)
        ends.append(run_process(partial(post_and_die, payment, body, clock, partial(watch, kill))))
        if len(ends) == 1:  # a callback that is not stored is not answered, and Safaricom may send it again
            post(payment, body, now=clock.now, confirmed=False)
    clock.run_minutes(10)
    clock.run_until_done()

    assert ends == [KILLED] * (len(ends) - 1) + [0]
    assert len(ends) > 20
    assert (verdicts(), statuses()) == ({"applied": len(ends)}, {"completed": len(ends)})
    assert_books_agree(shared_daraja)
    assert Counter(delivered()).total() >= 2 * len(ends)


def watch(kill: KillBeforeWrite) -> None:
    connection.execute_wrappers.append(kill)
