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
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.status import Status
from oscar_mpesa.handset import words
from oscar_mpesa.lifecycle import practice
from oscar_mpesa.lifecycle.asking import attend
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.script import PATIENCE

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
        return words.SENT if self.is_sent else "".join(self.messages[:1])


def visible_payments(request: HttpRequest) -> QuerySet[MpesaPayment]:
    """The simulated payments of this session; staff, and everybody under ``DEBUG``, see all of them."""
    ours = get_settings()
    if not ours.is_simulated or ours.faults:
        raise Http404
    simulated = MpesaPayment.objects.filter(environment=SIMULATED).exclude(prompted_at=None)
    if settings.DEBUG or getattr(request.user, "is_staff", False):
        return simulated
    return simulated.filter(mpesa_order__public_id__in=ownership.own_public_ids(request))


def visible_phones(request: HttpRequest) -> list[Phone]:
    """Their numbers, the one that was asked last on top; in full where this session typed them, and under ``DEBUG``."""
    asked = Count("pk", filter=Q(status=Status.PROCESSING.value, handset_answer=""))
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


def let_time_pass(payments: QuerySet[MpesaPayment], *, now: datetime) -> None:
    """Let the simulator tell what is due on a phone whose page is open: an answer, or that nobody gave one."""
    was_looked_at = Q(handset_seen_at__isnull=False) | ~Q(handset_answer="")
    is_over = Q(prompted_at__lte=now - timedelta(seconds=PATIENCE))
    for payment in payments.filter(was_looked_at | is_over, status=Status.PROCESSING.value)[:SHOWN]:
        attend(payment, now=now)


def look_at(payments: QuerySet[MpesaPayment], *, now: datetime) -> Screen:
    """The screen of the phone with these payments; from now on its requests wait for the owner."""
    shown = list(payments.select_related("mpesa_order__order").prefetch_related("receipts")[:SHOWN])
    live = [payment for payment in shown if payment.status == Status.PROCESSING.value]
    for payment in live:
        if payment.handset_seen_at is None:
            practice.see(payment, now=now)
    return _screen(shown, [payment for payment in live if not payment.handset_answer])


def _screen(shown: Sequence[MpesaPayment], asking: Sequence[MpesaPayment]) -> Screen:
    name = get_settings().NAME_ON_PROMPT or settings.OSCAR_SHOP_NAME.upper()
    messages = tuple(words.message(payment, name=name) for payment in shown if payment.is_final)
    sent = any(payment.status == Status.PROCESSING.value and payment.handset_answer for payment in shown)
    prompt = asking[0] if asking else None
    return Screen(
        prompt=prompt,
        question=words.question(prompt, name=name) if prompt else "",
        is_sent=sent,
        messages=messages,
        version=":".join(f"{payment.pk}{payment.status}{payment.handset_answer}" for payment in shown),
    )


def _label(request: HttpRequest, number: PhoneNumber) -> str:
    in_full = settings.DEBUG or ownership.typed_the_number(request, number)
    return number.grouped if in_full else number.masked
