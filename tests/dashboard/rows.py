"""One row for each kind of detail page."""

from __future__ import annotations

from oscar_mpesa.models import MpesaBlockedPhone, MpesaCallback, MpesaReceipt
from tests.shop import ANOTHER, PAYS, failure, later, new_payment, pay, post, success


class Rows:
    """Ids of a failed payment, a paid payment, an undecided receipt, a callback and a blocked phone."""

    def __init__(self) -> None:
        failed = new_payment(phone=ANOTHER)
        post(failed, failure(failed), now=later(10))
        paid = pay(new_payment(phone=PAYS))
        post(paid, success(paid, number="OD222BBB22"), now=later(20))
        self.payment = failed.pk
        self.paid = paid.pk
        self.receipt = MpesaReceipt.objects.get(allocation="surplus").pk
        self.callback = MpesaCallback.objects.latest("pk").pk
        self.blocked = MpesaBlockedPhone.objects.create(phone="254722000000", created_at=later(30)).pk
