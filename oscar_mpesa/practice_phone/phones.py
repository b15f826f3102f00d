"""Several phones, told apart by their numbers: which of them somebody may see, and what is on each."""

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
from oscar_mpesa.simulator.test_numbers import PATIENCE

#: How many payments a phone tells of, and how many phones are listed.
SHOWN = 6
PHONES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One number that was asked to pay; ``label`` is masked for who did not type it, ``newest`` is a payment's id."""

    msisdn: str = field(repr=False)
    label: str = field(repr=False)
    newest: int
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What is on a phone now: a request, or that one was answered, or nothing; below it the messages, newest first."""

    prompt: MpesaPayment | None = None
    question: str = ""
    is_sent: bool = False
    messages: tuple[str, ...] = ()
    version: str = ""

    @property
    def news(self) -> str:
        """What is read aloud when the screen changes: what stands on top of it."""
        if self.prompt is not None:
            return f"M-PESA. {self.question}"
        return texts.SENT if self.is_sent else "".join(self.messages[:1])


def visible_payments(request: HttpRequest) -> QuerySet[MpesaPayment]:
    """The simulated payments of this session; staff, and everybody under ``DEBUG``, see all of them."""
    ours = get_settings()
    if not ours.is_simulated or ours.faults:
        raise Http404
    simulated = MpesaPayment.objects.filter(environment=SIMULATED).exclude(push_sent_at=None)
    if settings.DEBUG or getattr(request.user, "is_staff", False):
        return simulated
    return simulated.filter(mpesa_order__public_id__in=ownership.own_public_ids(request))


def visible_phones(request: HttpRequest) -> list[Phone]:
    """Their numbers, the one that was asked last on top; in full where this session typed them, and under ``DEBUG``."""
    asked = Count("pk", filter=Q(status=PaymentStatus.PROCESSING.value, practice_answer=""))
    rows = visible_payments(request).values("phone").annotate(newest=Max("pk"), asked=asked)
    return [
        Phone(
            msisdn=row["phone"],
            label=_label(request, PhoneNumber(msisdn=row["phone"])),
            newest=row["newest"],
            is_asked=row["asked"] > 0,
        )
        for row in rows.order_by("-newest")[:PHONES]
    ]


def refresh_payments(payments: QuerySet[MpesaPayment], *, now: datetime) -> None:
    """Let the simulator tell what is due on a phone whose page is open: an answer, or that nobody gave one."""
    was_looked_at = Q(practice_seen_at__isnull=False) | ~Q(practice_answer="")
    is_over = Q(push_sent_at__lte=now - timedelta(seconds=PATIENCE))
    for payment in payments.filter(was_looked_at | is_over, status=PaymentStatus.PROCESSING.value)[:SHOWN]:
        refresh_payment(payment, now=now)


def open_phone(payments: QuerySet[MpesaPayment], *, now: datetime) -> Screen:
    """The screen of the phone with these payments; from now on its requests wait for the owner."""
    shown = list(payments.select_related("mpesa_order__order").prefetch_related("receipts")[:SHOWN])
    live = [payment for payment in shown if payment.status == PaymentStatus.PROCESSING.value]
    for payment in live:
        if payment.practice_seen_at is None:
            practice_phone.mark_prompt_seen(payment, now=now)
    return _screen(shown, [payment for payment in live if not payment.practice_answer])


def _screen(shown: Sequence[MpesaPayment], asking: Sequence[MpesaPayment]) -> Screen:
    name = get_settings().NAME_ON_PROMPT or settings.OSCAR_SHOP_NAME.upper()
    messages = tuple(texts.message(payment, name=name) for payment in shown if payment.is_final)
    sent = any(payment.status == PaymentStatus.PROCESSING.value and payment.practice_answer for payment in shown)
    prompt = asking[0] if asking else None
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
