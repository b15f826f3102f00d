"""Store each payment: one try to collect what an order owes by STK push."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import outcomes, result_codes
from oscar_mpesa.domain.payment_status import FINAL, LIVE, PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField
from oscar_mpesa.models.orders import MpesaOrder

#: A prompt stays on the phone for about a minute. The payment expires this long after the push.
PROMPT_LIFETIME = timedelta(seconds=150)

#: A payment whose push was not sent within this time fails. It is never sent late.
UNSENT_LIFETIME = timedelta(seconds=60)

#: How long a success that Safaricom has not confirmed is queried, and how long its order waits for that at least.
CONFIRMATION_TIME, CONFIRMATION_GRACE = timedelta(hours=24), timedelta(minutes=30)

#: Every status with which a payment can be queried.
QUERIED_STATUSES = [status.value for status in PaymentStatus if status is not PaymentStatus.PENDING]

STATUS_CHOICES = [
    (PaymentStatus.PENDING.value, _("not sent yet")),
    (PaymentStatus.PROCESSING.value, _("waiting for the phone")),
    (PaymentStatus.COMPLETED.value, pgettext_lazy("choice", "paid")),
    (PaymentStatus.FAILED.value, pgettext_lazy("choice", "failed")),
    (PaymentStatus.CANCELLED.value, _("canceled on the phone")),
    (PaymentStatus.EXPIRED.value, pgettext_lazy("choice", "no answer")),
]


def new_secret() -> str:
    """Return 32 random hex digits for the callback address.

    Other characters could spell a word that Safaricom's URL filter refuses.
    """
    return secrets.token_hex(16)


class PaymentQuerySet(models.QuerySet["MpesaPayment"]):
    """Filter payments by what is due."""

    def live(self) -> PaymentQuerySet:
        """Return the payments that are pending or processing."""
        return self.filter(status__in=[status.value for status in LIVE])

    def due(self, now: datetime) -> PaymentQuerySet:
        """Return the payments to query, to expire, or to fail because their push was never sent."""
        unsent = Q(status=PaymentStatus.PENDING.value, created_at__lte=now - UNSENT_LIFETIME)
        expiring = Q(status=PaymentStatus.PROCESSING.value, push_sent_at__lte=now - PROMPT_LIFETIME)
        query = Q(status__in=QUERIED_STATUSES, next_query_at__lte=now)
        return self.filter(unsent | expiring | query)


class MpesaPayment(models.Model):
    """One try to collect what an order owes by STK push: phone, amount, Safaricom's ids and the result."""

    mpesa_order = models.ForeignKey(
        MpesaOrder, on_delete=models.PROTECT, related_name="payments", verbose_name=pgettext_lazy("field", "order")
    )
    live_order = models.PositiveBigIntegerField(null=True, blank=True, unique=True, editable=False)
    secret = models.CharField(max_length=64, unique=True, default=new_secret, editable=False)
    phone = models.CharField(pgettext_lazy("field", "phone"), max_length=12, db_index=True)
    amount = models.PositiveIntegerField(_("amount in whole shillings"))
    rounding = models.DecimalField(pgettext_lazy("field", "rounding"), max_digits=6, decimal_places=2, default=0)
    status = models.CharField(
        pgettext_lazy("field", "status"), max_length=12, choices=STATUS_CHOICES, default=PaymentStatus.PENDING.value
    )
    shortcode = models.CharField(pgettext_lazy("field", "short code"), max_length=16, blank=True)
    till = models.CharField(pgettext_lazy("field", "till"), max_length=16, blank=True)
    environment = EnvironmentField()
    merchant_request_id = models.CharField(max_length=128, blank=True)
    checkout_request_id = models.CharField(max_length=128, null=True, blank=True, unique=True)
    result_code = models.CharField(pgettext_lazy("field", "result code"), max_length=64, blank=True)
    result_description = OutsideTextField(_("result in Safaricom's words"), blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"), db_index=True)
    push_sent_at = models.DateTimeField(_("STK push sent at"), null=True, blank=True)
    ended_at = models.DateTimeField(pgettext_lazy("field", "ended at"), null=True, blank=True)
    completed_at = models.DateTimeField(pgettext_lazy("field", "completed at"), null=True, blank=True)
    next_query_at = models.DateTimeField(_("next status check at"), null=True, blank=True)
    callback_query_at = models.DateTimeField(null=True, blank=True)
    unconfirmed_at = models.DateTimeField(_("unconfirmed success reported at"), null=True, blank=True)
    not_paid_at = models.DateTimeField(_("Safaricom last said not paid at"), null=True, blank=True)
    query_count = models.PositiveSmallIntegerField(pgettext_lazy("field", "status checks"), default=0)
    confirming_since = models.DateTimeField(null=True, blank=True, editable=False)
    confirmation_count = models.PositiveSmallIntegerField(default=0, editable=False)
    practice_seen_at = models.DateTimeField(null=True, blank=True)
    practice_answer = models.CharField(max_length=8, blank=True)

    objects = models.Manager.from_queryset(PaymentQuerySet)()

    class Meta:
        verbose_name = _("M-PESA payment")
        verbose_name_plural = _("M-PESA payments")
        default_permissions = ("view",)
        ordering = ["-id"]
        permissions = [
            ("view_full_phone", _("Can see phone numbers in full")),
            ("act_on_payment", _("Can check a payment's status and send a new prompt")),
            ("export_payments", _("Can export M-PESA payments and money")),
            ("view_turnover", _("Can see how much M-PESA brings in")),
            ("view_activity", _("Can see what other staff did with M-PESA")),
        ]
        indexes = [
            models.Index(fields=["status", "next_query_at"], name="mpesa_payment_next_query"),
            models.Index(fields=["environment", "status", "created_at"], name="mpesa_payment_filter"),
            models.Index(fields=["environment", "created_at"], name="mpesa_payment_environment"),
            models.Index(fields=["status", "created_at"], name="mpesa_payment_status"),
            models.Index(fields=["amount", "created_at"], name="mpesa_payment_amount"),
        ]

    if TYPE_CHECKING:
        mpesa_order_id: int

    def __str__(self) -> str:
        return f"M-PESA payment {self.pk}"

    @property
    def order_id(self) -> int:
        """Return the id of Oscar's order."""
        order_id: int = self.mpesa_order_id
        return order_id

    @property
    def phone_number(self) -> PhoneNumber:
        """Return the phone as a value that can mask itself."""
        return PhoneNumber(msisdn=self.phone)

    @property
    def is_live(self) -> bool:
        """Return whether the payment is pending or processing."""
        return PaymentStatus(self.status) in LIVE

    @property
    def is_final(self) -> bool:
        """Return whether the payment has ended. Late money can still complete it."""
        return PaymentStatus(self.status) in FINAL

    @property
    def is_paid(self) -> bool:
        """Return whether the payment is completed."""
        return self.status == PaymentStatus.COMPLETED.value

    @property
    def was_unanswered(self) -> bool:
        """Return whether the payment expired and Safaricom has named no result since."""
        return self.status == PaymentStatus.EXPIRED.value and self.outcome is result_codes.NO_ANSWER

    @property
    def needs_query(self) -> bool:
        """Return whether a status check may still find money: Safaricom sent no clear result."""
        return self.was_unanswered or self.outcome.retry is outcomes.Retry.AFTER_QUERY

    @property
    def allows_another(self) -> bool:
        """Return whether another push may succeed. After wrong settings: if they may be right by now."""
        settings = get_settings()
        if self.result_code == "misconfigured":
            return settings.available_to != "nobody"
        if self.result_code in result_codes.SWAPPED_CODES:
            return (self.shortcode, self.till) != (settings.SHORTCODE, settings.TILL_NUMBER)
        return self.outcome.retry is not outcomes.Retry.NEVER

    @property
    def outcome(self) -> outcomes.Outcome:
        """Return what the result code means and whether another payment may follow."""
        return result_codes.outcome_of(self.result_code, PaymentStatus(self.status))

    def is_confirming(self, now: datetime) -> bool:
        """Return whether a reported success waits for Safaricom's confirmation, so that nobody should pay again.

        After ``CONFIRMATION_GRACE``, a status check that says *not paid* ends the wait. A forged callback must not stop
        an order for a day.
        """
        since = self.confirming_since
        if since is None or self.is_paid:
            return False
        is_denied = self.not_paid_at is not None and self.not_paid_at >= since + CONFIRMATION_GRACE
        return not is_denied and now < since + CONFIRMATION_TIME

    def is_unsent_too_long(self, now: datetime) -> bool:
        """Return whether the push was not sent in time, because its process died."""
        return self.status == PaymentStatus.PENDING.value and now >= self.created_at + UNSENT_LIFETIME

    def is_unanswered_too_long(self, now: datetime) -> bool:
        """Return whether the prompt's lifetime is over."""
        return (
            self.status == PaymentStatus.PROCESSING.value
            and self.push_sent_at is not None
            and now >= self.push_sent_at + PROMPT_LIFETIME
        )
