"""One attempt by its id, with what came after it; and a story in a line, for who sees no page."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from oscar_mpesa.access.story import Story, tellable
from oscar_mpesa.domain import outcomes
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment, MpesaReceipt


def attempts_from(payment_id: int) -> list[MpesaPayment]:
    """A payment and the later ones of its order, newest first, in one query; empty where there is no such payment.

    Each knows the number of its first receipt as ``receipt_number``, None while there is none.
    """
    receipts = MpesaReceipt.objects.filter(payment_id=OuterRef("pk"), number__isnull=False)
    number = Subquery(receipts.order_by("id").values("number")[:1])
    of_order = tellable().filter(mpesa_order__payments=payment_id, pk__gte=payment_id)
    return list(of_order.annotate(receipt_number=number))


def attempts_beside(payment_id: int) -> list[MpesaPayment]:
    """All attempts of a payment's order, newest first, in one query; empty where there is no such payment.

    Each knows as ``is_blocked`` whether its phone gets no more requests.
    """
    blocked = MpesaBlockedPhone.objects.filter(phone=OuterRef("phone"))
    of_order = tellable().filter(mpesa_order__payments__id__exact=payment_id)
    return list(of_order.annotate(is_blocked=Exists(blocked)))


def in_a_line(story: Story) -> str:
    """What the waiting page says, without its layout; never empty."""
    parts = [story.sentence or _of_state(story), *story.decisions]
    if story.another_may_come:
        parts.append(_("If another request comes, press Cancel."))
    return " ".join(parts)


def _of_state(story: Story) -> str:
    """The states that the page tells in words of its own."""
    if story.state.has_arrived:
        arrived = _("Your %(amount)s arrived. We are finishing your order; do not pay again.")
        return arrived % {"amount": ksh(story.amount)}
    code = "0" if story.state.is_paid_once else "4999"
    outcome = outcomes.RESULTS[code]
    return _(outcome.sentence)
