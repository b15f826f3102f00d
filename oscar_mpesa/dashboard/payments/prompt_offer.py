"""Which prompt staff may send for an order now, and why they may not send another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from oscar_mpesa.access.staff_permissions import ACT, may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import AmountRefused, rounded
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import StartRefused
from oscar_mpesa.services.payable_orders import amount_owed, find_refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOffer:
    """What a prompt would collect, and the sentences that stand in place of a button.

    ``arrived`` is what came for the order already. ``why_none`` says why no number gets a prompt, ``why_not_same`` why
    this number does not. ``newest`` is the id of the order's last payment, which finds a second click.
    """

    amount: Decimal
    arrived: Decimal
    newest: int | None
    phone: str = ""
    why_none: str = ""
    why_not_same: str = ""

    @property
    def sends_to_same(self) -> bool:
        """Whether this number gets a prompt."""
        return bool(self.phone) and not (self.why_none or self.why_not_same)

    @property
    def sends_to_other(self) -> bool:
        """Whether another number may get a prompt."""
        return not self.why_none


def prompt_offer(
    order: Any, mpesa_order: MpesaOrder | None, phone: PhoneNumber | None, *, user: Any, newest: int | None
) -> PromptOffer | None:
    """Return the offer for staff who may send prompts, as the service would decide now; None for others."""
    if not user.has_perm(ACT):
        return None
    actor, now, shows_number = Actor(role=Role.STAFF, user=user), timezone.now(), may_see_full_phones(user)
    owed = amount_owed(order, mpesa_order)
    why_none = find_refusal(order, mpesa_order, None, actor=actor, now=now)
    why_not = None if why_none or phone is None else find_refusal(order, mpesa_order, phone, actor=actor, now=now)
    return PromptOffer(
        amount=rounded(max(owed, Decimal(0)), get_settings().ROUNDING),
        arrived=max(order.total_incl_tax - owed, Decimal(0)),
        newest=newest,
        phone="" if phone is None else phone.grouped if shows_number else phone.masked,
        why_none=start_refusal_text(why_none, now=now, shows_number=shows_number),
        why_not_same=start_refusal_text(why_not, now=now, shows_number=shows_number),
    )


def start_refusal_text(refusal: StartRefused | AmountRefused | None, *, now: datetime, shows_number: bool) -> str:
    """Return the refusal in the active language; "" without one."""
    if isinstance(refusal, StartRefused):
        return refusal_message(refusal, now=now, shows_number=shows_number)
    return _(refusal.sentence) if refusal else ""
