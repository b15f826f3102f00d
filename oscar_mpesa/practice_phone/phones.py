"""List the practice phones that a visitor may see, and what each one shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest

from oscar_mpesa.access import ownership
from oscar_mpesa.conf import SIMULATED, get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.practice_phone import texts
from oscar_mpesa.services import practice_phone
from oscar_mpesa.services.status_query import refresh_payment
from oscar_mpesa.simulator.test_numbers import PROMPT_LIFETIME

#: The payments that one phone shows, and the phones that the list shows.
MAX_PAYMENTS = 6
MAX_PHONES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number that received a prompt.

    ``label`` is masked unless the visitor's session typed the number. ``newest`` is the id of its newest payment.
    """

    msisdn: str = field(repr=False)
    label: str = field(repr=False)
    newest: int
    has_prompt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a phone shows now: a prompt, a sent answer or nothing, and below it the messages, newest first."""

    prompt: MpesaPayment | None = None
    question: str = ""
    is_sent: bool = False
    messages: tuple[str, ...] = ()
    version: str = ""

    @property
    def announcement(self) -> str:
        """Return what a screen reader reads when the screen changes."""
        if self.prompt is not None:
            return f"M-PESA. {self.question}"
        return texts.SENT if self.is_sent else "".join(self.messages[:1])


def visible_payments(request: HttpRequest) -> QuerySet[MpesaPayment]:
    """Return the simulated payments that the visitor may see.

    Staff see all of them, and so does everybody under ``DEBUG``. Other visitors see those of their session. Raises
    ``Http404`` where payments are not simulated.
    """
    ours = get_settings()
    if not ours.is_simulated or ours.faults:
        raise Http404
    simulated = MpesaPayment.objects.filter(environment=SIMULATED).exclude(push_sent_at=None)
    if settings.DEBUG or getattr(request.user, "is_staff", False):
        return simulated
    return simulated.filter(mpesa_order__public_id__in=ownership.own_public_ids(request))


def visible_phones(request: HttpRequest) -> list[Phone]:
    """Return the phones of the visible payments, the one with the newest payment first.

    A number is shown in full under ``DEBUG``, or if this session typed it.
    """
    prompts = Count("pk", filter=Q(status=PaymentStatus.PROCESSING.value, practice_answer=""))
    rows = visible_payments(request).values("phone").annotate(newest=Max("pk"), prompts=prompts)
    return [
        Phone(
            msisdn=row["phone"],
            label=_label(request, PhoneNumber(msisdn=row["phone"])),
            newest=row["newest"],
            has_prompt=row["prompts"] > 0,
        )
        for row in rows.order_by("-newest")[:MAX_PHONES]
    ]


def refresh_payments(payments: QuerySet[MpesaPayment], *, now: datetime) -> None:
    """Ask the simulator for the results of these payments that are due: answered ones, and expired prompts."""
    is_opened = Q(practice_seen_at__isnull=False) | ~Q(practice_answer="")
    is_over = Q(push_sent_at__lte=now - timedelta(seconds=PROMPT_LIFETIME))
    for payment in payments.filter(is_opened | is_over, status=PaymentStatus.PROCESSING.value)[:MAX_PAYMENTS]:
        refresh_payment(payment, now=now)


def open_phone(payments: QuerySet[MpesaPayment], *, now: datetime) -> Screen:
    """Return the screen of the phone with these payments; from now on its prompts wait for the visitor's answer."""
    shown = list(payments.select_related("mpesa_order__order").prefetch_related("receipts")[:MAX_PAYMENTS])
    live = [payment for payment in shown if payment.status == PaymentStatus.PROCESSING.value]
    for payment in live:
        if payment.practice_seen_at is None:
            practice_phone.mark_prompt_seen(payment, now=now)
    return _screen(shown, [payment for payment in live if not payment.practice_answer])


def _screen(shown: Sequence[MpesaPayment], unanswered: Sequence[MpesaPayment]) -> Screen:
    name = get_settings().NAME_ON_PROMPT or settings.OSCAR_SHOP_NAME.upper()
    messages = tuple(texts.message(payment, name=name) for payment in shown if payment.is_final)
    sent = any(payment.status == PaymentStatus.PROCESSING.value and payment.practice_answer for payment in shown)
    prompt = unanswered[0] if unanswered else None
    return Screen(
        prompt=prompt,
        question=texts.question(prompt, name=name) if prompt else "",
        is_sent=sent,
        messages=messages,
        version=":".join(f"{payment.pk}{payment.status}{payment.practice_answer}" for payment in shown),
    )


def _label(request: HttpRequest, number: PhoneNumber) -> str:
    in_full = settings.DEBUG or ownership.typed_number(request, number)
    return number.grouped if in_full else number.masked
