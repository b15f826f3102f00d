"""Send Oscar's order confirmation with rows about the payment, once the order is paid."""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext as oscar_text  # a name that makemessages does not collect
from django.utils.translation import pgettext

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.domain.money import ROUNDING_CODE, ksh
from oscar_mpesa.models import MpesaAllocation, MpesaOutboxMessage, SkipReason
from oscar_mpesa.oscar_adapter import email_places, email_rows, email_sender
from oscar_mpesa.oscar_adapter.email_rows import Row


def send_order_placed(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send Oscar's order confirmation, with rows about the payment after its totals.

    Skips an order without an email address, and one whose money was unmatched meanwhile. Raises what the email backend
    raises.
    """
    order = message.mpesa_order.order
    counted = MpesaAllocation.objects.active().filter(order_id=order.pk)
    money = list(counted.select_related("order", "receipt__meant_for", "claim"))
    if not order.email:
        return SkipReason.NO_ADDRESS
    if not money:
        return SkipReason.OUTDATED
    with email_sender.language_of(message):
        dispatcher = email_sender.new_dispatcher()
        get_messages = dispatcher.dispatcher.get_messages
        dispatcher.dispatcher.get_messages = _with_rows(get_messages, message, money)
        dispatcher.send_order_placed_email_for_user(order, _context(message, money))
    return None


def _with_rows(get_messages: Any, message: MpesaOutboxMessage, money: list[MpesaAllocation]) -> Any:
    """Wrap Oscar's ``get_messages`` so that each part has the rows once, and the subject says TEST."""

    def get_messages_with_rows(*args: Any, **kwargs: Any) -> dict[str, str]:
        messages: dict[str, str] = get_messages(*args, **kwargs)
        rows = _missing_rows(message, money, messages["body"])
        if rows:
            lines = email_rows.render_text(rows)
            messages["body"] = email_places.insert_text(messages["body"], lines, after=oscar_text("Order Total:"))
        rows = _missing_rows(message, money, unescape(messages["html"]))
        if messages["html"] and rows:
            messages["html"] = email_places.insert_html(messages["html"], email_rows.render_html(rows))
        messages["subject"] = email_sender.marked_subject(messages["subject"], is_test=_is_test(money))
        return messages

    return get_messages_with_rows


def _missing_rows(message: MpesaOutboxMessage, money: list[MpesaAllocation], part: str) -> list[Row]:
    """Return the rows that a part of the email lacks: payments whose code it does not name, and a missing TEST.

    A template that shows ``mpesa_rows`` itself lacks none.
    """
    if all(row.value in part for row in _rows(message, money)):
        return []
    unnamed = [each for each in money if not each.number or each.number not in part]
    if unnamed:
        return _rows(message, unnamed)
    return email_rows.environment_rows(is_test=_is_test(money) and "TEST" not in part)


def _rows(message: MpesaOutboxMessage, money: list[MpesaAllocation]) -> list[Row]:
    """Return the order, each of its payments, the rounding, and TEST first if no real money moved."""
    rows = [row for each in money for row in email_rows.allocation_rows(each)]
    rounding = _rounding_sentence(message)
    if rounding:
        rows.append(Row(pgettext("email", "Rounding"), rounding))
    return [*email_rows.environment_rows(is_test=_is_test(money)), *email_rows.order_rows(message), *rows]


def _is_test(money: list[MpesaAllocation]) -> bool:
    return any(each.environment != PRODUCTION for each in money)


def _rounding_sentence(message: MpesaOutboxMessage) -> str:
    """Explain the difference between the lines and the total, because Oscar's email lists no surcharges.

    An order from another checkout has no surcharge. Its payment was rounded instead.
    """
    order, payment = message.mpesa_order.order, message.payment
    surcharges = order.surcharges.filter(code=ROUNDING_CODE).values_list("incl_tax", flat=True)
    difference = sum(surcharges, payment.rounding if payment else Decimal(0))
    facts = {"amount": ksh(abs(difference))}
    if not difference:
        return ""
    if difference < 0:
        return _("Rounded down by %(amount)s: M-PESA takes whole shillings.") % facts
    return _("Rounded up by %(amount)s: M-PESA takes whole shillings.") % facts


def _context(message: MpesaOutboxMessage, money: list[MpesaAllocation]) -> dict[str, Any]:
    """Return the context of Oscar's email. ``mpesa_receipt`` is the last money: a receipt, or a recorded payment."""
    order, last = message.mpesa_order.order, money[-1]
    context = {
        **email_sender.base_context(order),
        "lines": order.lines.all(),
        "mpesa_receipt": last.receipt or last.claim,
        email_rows.NAME: _rows(message, money),
    }
    path = _status_path(order)
    if path:
        context["status_path"] = path
        context["status_url"] = email_sender.absolute_url(order, path)
    return context


def _status_path(order: Any) -> str:
    try:
        if order.user_id:
            return reverse("customer:order", kwargs={"order_number": order.number})
        kwargs = {"order_number": order.number, "hash": order.verification_hash()}
        return reverse("customer:anon-order", kwargs=kwargs)
    except NoReverseMatch:
        return ""
