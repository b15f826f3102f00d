"""Load the payments that a payment page is about, with what the page needs to know of each."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment, MpesaReceipt

#: Results of phones that did not answer. Their prompt may still appear later.
LATE_PROMPT_CODES = ("1036", "1037")


def payments_for_page() -> QuerySet[MpesaPayment]:
    """Return payments with their order, newest first, in one query.

    Each has ``has_money``, whether its order has a receipt, and ``follows_unanswered``, whether an earlier prompt was
    not answered.
    """
    of_order = MpesaReceipt.objects.filter(order_id=OuterRef("mpesa_order_id"))
    of_payment = MpesaReceipt.objects.filter(payment__mpesa_order_id=OuterRef("mpesa_order_id"))
    earlier = MpesaPayment.objects.filter(mpesa_order_id=OuterRef("mpesa_order_id"), pk__lt=OuterRef("pk"))
    unanswered = Q(status=PaymentStatus.EXPIRED.value) | Q(result_code__in=LATE_PROMPT_CODES)
    return (
        MpesaPayment.objects.select_related("mpesa_order__order")
        .annotate(
            has_money=Exists(of_order) | Exists(of_payment),
            follows_unanswered=Exists(earlier.filter(unanswered)),
        )
        .order_by("-id")
    )


def latest_payment(public_id: str) -> MpesaPayment:
    """Return the newest payment of the order with this public id. Raises ``Http404``."""
    payment = payments_for_page().filter(mpesa_order__public_id=public_id).first()
    if payment is None:
        raise Http404
    return payment


def payments_since(payment_id: int) -> list[MpesaPayment]:
    """Return a payment and the later ones of its order, newest first, in one query; empty if it does not exist.

    Each has ``receipt_number``, the code of its first receipt or None.
    """
    receipts = MpesaReceipt.objects.filter(payment_id=OuterRef("pk"), number__isnull=False)
    number = Subquery(receipts.order_by("id").values("number")[:1])
    of_order = payments_for_page().filter(mpesa_order__payments=payment_id, pk__gte=payment_id)
    return list(of_order.annotate(receipt_number=number))


def payments_of_same_order(payment_id: int) -> list[MpesaPayment]:
    """Return all payments of a payment's order, newest first, in one query; empty if it does not exist.

    Each has ``is_blocked``, whether its phone is blocked.
    """
    blocked = MpesaBlockedPhone.objects.filter(phone=OuterRef("phone"))
    of_order = payments_for_page().filter(mpesa_order__payments__id__exact=payment_id)
    return list(of_order.annotate(is_blocked=Exists(blocked)))
