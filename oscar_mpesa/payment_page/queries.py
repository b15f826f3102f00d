"""Load the payments that a payment page is about, with what the page needs to know of each."""

from __future__ import annotations

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import Http404

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import (
    ClaimStatus,
    MessageKind,
    MpesaAllocation,
    MpesaBlockedPhone,
    MpesaClaim,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
)

#: Results of phones that did not answer. Their prompt may still appear later.
LATE_PROMPT_CODES = ("1036", "1037")


def payments_for_page() -> QuerySet[MpesaPayment]:
    """Return payments with their order, newest first, in one query.

    Each has ``has_money``, whether its order has receipts or claims, ``has_claims``, whether claims count for it,
    ``has_open_claim``, whether staff recorded a payment that is not confirmed, ``follows_unanswered``, whether an
    earlier prompt was not answered, and ``has_unconfirmed``, whether a success was reported for the order that waited
    for confirmation.
    """
    meant = MpesaReceipt.objects.filter(meant_for_id=OuterRef("mpesa_order_id"))
    counted = MpesaAllocation.objects.active().filter(order_id=OuterRef("mpesa_order_id"))
    open_claims = MpesaClaim.objects.filter(order_id=OuterRef("mpesa_order_id"), status=ClaimStatus.OPEN)
    earlier = MpesaPayment.objects.filter(mpesa_order_id=OuterRef("mpesa_order_id"), pk__lt=OuterRef("pk"))
    unanswered = Q(status=PaymentStatus.EXPIRED.value) | Q(result_code__in=LATE_PROMPT_CODES)
    reported = MpesaPayment.objects.filter(mpesa_order_id=OuterRef("mpesa_order_id"), confirming_since__isnull=False)
    return (
        MpesaPayment.objects.select_related("mpesa_order__order")
        .annotate(
            has_money=Exists(meant) | Exists(counted),
            has_claims=Exists(counted.filter(claim__isnull=False)),
            has_open_claim=Exists(open_claims),
            follows_unanswered=Exists(earlier.filter(unanswered)),
            has_unconfirmed=Exists(reported),
        )
        .order_by("-id")
    )


def latest_payment(public_id: str) -> MpesaPayment:
    """Return the newest payment of the order with this public id. Raises ``Http404``.

    It has ``confirmation_email``: whether the payment confirmation is *sent* or *due*; "" if there is none.
    """
    emails = MpesaOutboxMessage.objects.filter(
        mpesa_order_id=OuterRef("mpesa_order_id"), kind=MessageKind.PAID_EMAIL, skip_reason=""
    )
    guest, user = (f"mpesa_order__order__{name}" for name in ("guest_email", "user__email"))
    has_address = Q(**{f"{guest}__gt": ""}) | Q(**{f"{user}__gt": ""})
    confirmation_email = Case(
        When(Exists(emails.filter(delivered_at__isnull=False)), then=Value("sent")),
        When(Exists(emails.filter(has_address, tries=0)), then=Value("due")),
        default=Value(""),
    )
    annotated = payments_for_page().annotate(confirmation_email=confirmation_email)
    payment = annotated.filter(mpesa_order__public_id=public_id).first()
    if payment is None:
        raise Http404
    return payment


def payments_since(payment_id: int) -> list[MpesaPayment]:
    """Return a payment and the later ones of its order, newest first, in one query; empty if it does not exist.

    Each has ``receipt_number``, the code of its receipt, and ``receipt_status``, its receipt's status; None without
    one.
    """
    receipts = MpesaReceipt.objects.filter(payment_id=OuterRef("pk")).order_by("id")
    facts = {f"receipt_{name}": Subquery(receipts.values(name)[:1]) for name in ("number", "status")}
    of_order = payments_for_page().filter(mpesa_order__payments=payment_id, pk__gte=payment_id)
    return list(of_order.annotate(**facts))


def payments_of_same_order(payment_id: int) -> list[MpesaPayment]:
    """Return all payments of a payment's order, newest first, in one query; empty if it does not exist.

    Each has ``is_blocked``, whether its phone is blocked.
    """
    blocked = MpesaBlockedPhone.objects.filter(phone=OuterRef("phone"))
    of_order = payments_for_page().filter(mpesa_order__payments__id__exact=payment_id)
    return list(of_order.annotate(is_blocked=Exists(blocked)))
