"""Make and end payment links."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from oscar_mpesa.models import MpesaPayLink, MpesaPayment
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.pay_links import get_or_create_link, revoke_link


def link_to(payment: MpesaPayment) -> MpesaPayLink:
    """Return the active link of the payment's order, or a new one."""
    return get_or_create_link(payment.mpesa_order, now=timezone.now())


def revoked_link(payment: MpesaPayment) -> MpesaPayLink:
    """Return a link that the owner revoked."""
    link = link_to(payment)
    assert revoke_link(payment.mpesa_order.order, actor=Actor(), now=timezone.now())
    link.refresh_from_db()
    return link


def expired_link(payment: MpesaPayment) -> MpesaPayLink:
    """Return a link that was made a week ago."""
    return get_or_create_link(payment.mpesa_order, now=timezone.now() - timedelta(days=7, seconds=1))
