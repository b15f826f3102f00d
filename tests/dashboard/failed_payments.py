"""Failed payments whose order can get another prompt."""

from __future__ import annotations

from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment
from tests.browser import states
from tests.shop import NOON


def blocked() -> MpesaPayment:
    """Return a failed payment whose phone is blocked, long enough after its prompt."""
    payment = waited()
    MpesaBlockedPhone.objects.create(phone=payment.phone, created_at=NOON)
    return payment


def waited() -> MpesaPayment:
    """Return a failed payment whose phone can get another prompt."""
    payment = states.failed(1032)()
    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=NOON)
    return payment
