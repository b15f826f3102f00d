"""Follow one order from the basket to its end: the shopper's browser, Daraja, the clock and what everybody waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core import mail
from django.core.management import CommandError, call_command
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services import background_thread
from tests.clocks import ShiftedClock
from tests.databases.books import assert_sums_agree
from tests.databases.clock import open_work
from tests.databases.faulty_daraja import FaultyDaraja
from tests.shop import failure, new_product
from tests.shopper import Shopper

Order = get_model("order", "Order")

#: The minutes between two runs of ``mpesa_reconcile``. They outlast every prompt and retry, and a clock that jumped.
RUN_MINUTES = (1, 1, 1, 2, 5, 5, 5, 5, 5, 5, 10, 10, 15, 30, 60, 60, *[360] * 12)

#: Seconds in which the delivery thread must end.
MAX_DELIVERY = 40


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status (for a command, its exit status), and the seconds until it was there."""

    status: int
    seconds: float


class Sale:
    """One order of one item. ``answers`` lists what people, Safaricom and cron got since ``forget_answers``."""

    def __init__(self, daraja: FaultyDaraja, clock: ShiftedClock) -> None:
        self.daraja, self.clock = daraja, clock
        self.safaricom = daraja.safaricom
        self.client = Client(raise_request_exception=False)
        self.shopper = Shopper(self.client)
        self.answers: list[Answer] = []
        self.canceled: set[str] = set()
        self.callback = b""
        self.product = new_product(stock=5)

    # What the shopper, the payer and Safaricom do.

    def request(self, send: Callable[[], Any]) -> Any:
        """Make a request as a web server does, and return the response."""
        started = time.monotonic()
        response = send()
        self.answers.append(Answer(status=response.status_code, seconds=time.monotonic() - started))
        close_old_connections()
        return response

    def get_page(self) -> Any:
        """Return the response of the payment page."""
        return self.request(lambda: self.client.get(self.path("mpesa-payment")))

    def post_callback(self, payment: MpesaPayment, body: bytes) -> Any:
        """Post a callback as Safaricom does."""
        path = reverse("oscar_mpesa:hook", args=[payment.secret])
        safaricom = Client(raise_request_exception=False)
        return self.request(lambda: safaricom.post(path, body, content_type="application/json"))

    def cancel_on_phone(self) -> None:
        """Refuse the prompt, and tell the shop so."""
        payment = self.payment
        self.canceled.add(payment.secret)
        self.safaricom.unpaid_code = "1032"
        self.post_callback(payment, failure(payment, code=1032))

    def pay_on_phone(self) -> bytes:
        """Take the payer's money, and return the callback."""
        return self.safaricom.pay(self.payment)

    def answer_prompts(self) -> None:
        """Pay the prompt that reached the phone, if there is one, and post its callback."""
        for payment in MpesaPayment.objects.filter(secret__in=set(self.safaricom.pushes) - self.canceled):
            self.post_callback(payment, self.safaricom.pay(payment))

    def reconcile(self) -> int:
        """Run ``mpesa_reconcile``, and return its exit status."""
        started, status = time.monotonic(), 0
        try:
            call_command("mpesa_reconcile")
        except (CommandError, DatabaseError):
            status = 1
        self.answers.append(Answer(status=status, seconds=time.monotonic() - started))
        close_old_connections()
        return status

    def finish(self) -> None:
        """Run ``mpesa_reconcile`` at later times, until no work is open."""
        for minutes in RUN_MINUTES:
            self.clock.move(minutes=minutes)
            assert self.reconcile() == 0, "mpesa_reconcile fails after the fault"
            wait_for_deliveries()
            if not open_work():
                return
        raise AssertionError(f"work is still open: {open_work()}")

    # What is so.

    @property
    def payment(self) -> MpesaPayment:
        """Return the newest payment."""
        return MpesaPayment.objects.latest("pk")

    def path(self, name: str) -> str:
        """Return the path of one of the order's pages."""
        return reverse(f"checkout:{name}", args=[MpesaOrder.objects.get().public_id])

    def heading(self) -> str:
        """Return the heading of the payment page."""
        response = self.get_page()
        assert response.status_code == 200, f"the payment page answers {response.status_code}"
        return str(response.context["page"].state.label)

    def assert_page_is_true(self) -> None:
        """Assert that the payment page, if there is an order, thanks for a payment only if the payer paid."""
        if Order.objects.exists():
            assert self.safaricom.ledger or self.heading() != "Paid. Thank you!"

    def assert_right_end(self) -> None:
        """Assert that the order is paid by the money that the payer gave, once, or closed without its stock."""
        taken = self.safaricom.ledger
        assert_sums_agree()
        call_command("mpesa_check_ledger")
        order = Order.objects.first()
        if order is None:
            assert (taken, self.safaricom.pushes, self.allocated) == ({}, [], 0)
            return
        is_paid = bool(taken)
        received = [int(each.amount) for each in order.mpesa_receipts.all()]
        assert (received, self.allocated) == ([1500], 1) if is_paid else ([], 0)
        assert (order.status, self.heading()) == (
            ("Being processed", "Paid. Thank you!") if is_paid else ("Payment expired", "This order is closed")
        )
        confirmations = [message.subject for message in mail.outbox if "Confirmation" in message.subject]
        assert confirmations == ([f"TEST: Confirmation of order {order.number}"] if is_paid else [])

    @property
    def allocated(self) -> int:
        """Return how many items are allocated in the stock."""
        return self.product.stockrecords.get().num_allocated or 0


def wait_for_deliveries() -> None:
    """Wait until the delivery thread of the process has ended."""
    assert background_thread.join(MAX_DELIVERY), "the delivery thread hangs"
