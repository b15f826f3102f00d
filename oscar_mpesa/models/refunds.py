"""Store money that goes back to payers: one row for each attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.allocations import MpesaAllocation
from oscar_mpesa.models.fields import OutsideTextField, check_constraint
from oscar_mpesa.models.receipts import MpesaReceipt


class RefundPurpose(models.TextChoices):
    """Whether the order owes less after the refund."""

    CREDIT = "credit", _("the customer returned goods or got a price cut")
    PAYMENT_RETURNED = "payment_returned", _("the payment was wrong or made twice")


class RefundMethod(models.TextChoices):
    """How the money is sent."""

    MANUAL = "manual", pgettext_lazy("choice", "by hand")
    REVERSAL = "reversal", pgettext_lazy("choice", "reversal")
    B2C = "b2c", pgettext_lazy("choice", "B2C payment")


class RefundStatus(models.TextChoices):
    """The state of one attempt. Only ``completed`` money has left; ``requested`` to ``unknown`` reserve it."""

    REQUESTED = "requested", pgettext_lazy("choice", "requested")
    APPROVED = "approved", pgettext_lazy("choice", "approved")
    SENT = "sent", pgettext_lazy("choice", "sent")
    UNKNOWN = "unknown", pgettext_lazy("choice", "result unknown")
    COMPLETED = "completed", pgettext_lazy("choice", "completed")
    FAILED = "failed", pgettext_lazy("choice", "failed")
    REJECTED = "rejected", pgettext_lazy("choice", "rejected")
    LAPSED = "lapsed", pgettext_lazy("choice", "lapsed")
    VOIDED = "voided", pgettext_lazy("choice", "voided")


#: Refunds that may still send money. What they reserve can't be matched, unmatched or refunded again.
RESERVING = (RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.UNKNOWN)

#: Refunds that lower what is left of a receipt.
COUNTING = (*RESERVING, RefundStatus.COMPLETED)


class MpesaRefund(models.Model):
    """One attempt to send money out of one receipt, from what an allocation counts or from its unallocated amount.

    ``amount`` is in shillings. ``happened_at`` is M-PESA's time, ``posted_on`` the Nairobi day of reports.
    ``balance_after`` and ``balance_after_void`` are what the allocation's order owed after the refund and its voiding.
    ``originator_id`` is our own id of a call, so that sending it twice pays once.
    """

    receipt = models.ForeignKey(
        MpesaReceipt,
        on_delete=models.PROTECT,
        related_name="refunds",
        verbose_name=pgettext_lazy("field", "receipt"),
    )
    allocation = models.ForeignKey(
        MpesaAllocation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        verbose_name=pgettext_lazy("field", "allocation"),
    )
    follows = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(pgettext_lazy("field", "amount"), max_digits=12, decimal_places=2)
    purpose = models.CharField(pgettext_lazy("field", "purpose"), max_length=20, choices=RefundPurpose.choices)
    method = models.CharField(pgettext_lazy("field", "method"), max_length=12, choices=RefundMethod.choices)
    status = models.CharField(pgettext_lazy("field", "status"), max_length=12, choices=RefundStatus.choices)
    code = models.CharField(pgettext_lazy("field", "refund reference"), max_length=128, blank=True)
    happened_at = models.DateTimeField(pgettext_lazy("field", "refunded at"), null=True, blank=True)
    posted_on = models.DateField(pgettext_lazy("field", "posted on"), null=True, blank=True)
    note = OutsideTextField(pgettext_lazy("field", "note"), blank=True)
    balance_after = models.DecimalField(
        pgettext_lazy("field", "order balance after it"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    requested_at = models.DateTimeField(pgettext_lazy("field", "requested at"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    requested_by_name = models.CharField(pgettext_lazy("field", "requested by"), max_length=150, blank=True)
    approved_at = models.DateTimeField(pgettext_lazy("field", "approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approved_by_name = models.CharField(pgettext_lazy("field", "approved by"), max_length=150, blank=True)
    voided_at = models.DateTimeField(pgettext_lazy("field", "voided at"), null=True, blank=True)
    voided_on = models.DateField(pgettext_lazy("field", "voided on"), null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    voided_by_name = models.CharField(pgettext_lazy("field", "voided by"), max_length=150, blank=True)
    void_note = OutsideTextField(pgettext_lazy("field", "reason of voiding"), blank=True)
    balance_after_void = models.DecimalField(
        _("order balance after the voiding"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    originator_id = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    conversation_id = models.CharField(max_length=64, blank=True, editable=False)
    result_code = models.CharField(pgettext_lazy("field", "result code"), max_length=64, blank=True)
    result_description = OutsideTextField(_("result in Safaricom's words"), blank=True)

    class Meta:
        verbose_name = _("M-PESA refund")
        verbose_name_plural = _("M-PESA refunds")
        default_permissions = ("view",)
        ordering = ["id"]
        permissions = [("record_refund", _("Can record an M-PESA refund"))]
        constraints = [check_constraint(Q(amount__gt=0), name="mpesa_refund_amount_positive")]
        indexes = [
            models.Index(fields=["status", "posted_on"], name="mpesa_refund_posted_on"),
            models.Index(fields=["status", "voided_on"], name="mpesa_refund_voided_on"),
            models.Index(fields=["code"], name="mpesa_refund_code"),
        ]

    if TYPE_CHECKING:
        receipt_id: int
        allocation_id: int | None

    def __str__(self) -> str:
        return f"M-PESA refund {self.pk}: {self.amount}"
