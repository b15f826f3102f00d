"""One row for each kind of detail page."""

from __future__ import annotations

from oscar.test.factories import UserFactory

from oscar_mpesa.models import MpesaBlockedPhone, MpesaCallback, MpesaReceipt
from tests.dashboard.staff import new_allocation, new_claim, new_refund
from tests.services.unmatched import surplus
from tests.shop import NO_FUNDS, failure, later, new_order, new_payment, post


class Rows:
    """Ids of payments that failed and were paid, an undecided receipt, entries, a refund, and other kinds of rows."""

    def __init__(self) -> None:
        failed = new_payment(phone=NO_FUNDS)
        post(failed, failure(failed), now=later(10))
        self.receipt = surplus().pk
        self.payment = failed.pk
        self.paid = MpesaReceipt.objects.get(number="OD123ABC45").payment_id
        brought = MpesaReceipt.objects.get(number="OD123ABC45")
        self.entry = brought.allocations.get().pk
        self.resolution = new_allocation(brought, None, amount=1).pk
        self.refund = new_refund(brought, 1).pk
        order = new_order()
        self.claim, self.order = new_claim(order, at=later(25)).pk, order.pk
        self.callback = MpesaCallback.objects.latest("pk").pk
        self.person = UserFactory().pk
        self.blocked = MpesaBlockedPhone.objects.create(phone="254722000000", created_at=later(30)).pk
