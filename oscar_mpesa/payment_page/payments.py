"""One attempt by its id, with what came after it; and a page in a line, for who sees no page."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.state import PaymentPage, payments_for_page


def payments_from(payment_id: int) -> list[MpesaPayment]:
    """A payment and the later ones of its order, newest first, in one query; empty where there is no such payment.

    Each knows the number of its first receipt as ``receipt_number``, None while there is none.
    """
    receipts = MpesaReceipt.objects.filter(payment_id=OuterRef("pk"), number__isnull=False)
    number = Subquery(receipts.order_by("id").values("number")[:1])
    of_order = payments_for_page().filter(mpesa_order__payments=payment_id, pk__gte=payment_id)
    return list(of_order.annotate(receipt_number=number))


def payments_of_same_order(payment_id: int) -> list[MpesaPayment]:
    """All attempts of a payment's order, newest first, in one query; empty where there is no such payment.

    Each knows as ``is_blocked`` whether its phone gets no more requests.
    """
    blocked = MpesaBlockedPhone.objects.filter(phone=OuterRef("phone"))
    of_order = payments_for_page().filter(mpesa_order__payments__id__exact=payment_id)
    return list(of_order.annotate(is_blocked=Exists(blocked)))


def page_text(page: PaymentPage) -> str:
    """What the waiting page says, without its layout; never empty."""
    parts = [page.sentence or _state_text(page), *page.decisions]
    if page.another_may_come:
        parts.append(_("If another request comes, press Cancel."))
    return " ".join(parts)


def _state_text(page: PaymentPage) -> str:
    """The states that the page tells in words of its own."""
    if page.state.has_arrived:
        arrived = _("Your %(amount)s arrived. We are finishing your order; do not pay again.")
        return arrived % {"amount": ksh(page.amount)}
    code = "0" if page.state.is_paid_once else "4999"
    outcome = result_codes.RESULTS[code]
    return _(outcome.sentence)
