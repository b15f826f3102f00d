"""Store the emails and signals to deliver after a transaction commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.fields import OutsideTextField
from oscar_mpesa.models.orders import MpesaOrder
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt


class MessageKind(models.TextChoices):
    """The email or signal to deliver."""

    ORDER_PAID = "order_paid", _("the shop's code: the order is paid")
    ORDER_UNPAID = "order_unpaid", _("the shop's code: the order is no longer paid")
    PAYMENT_FAILED = "payment_failed", _("the shop's code: the payment failed")
    RECEIPT_UNMATCHED = "receipt_unmatched", _("the shop's code: unmatched money arrived")
    PAID_EMAIL = "paid_email", _("email: the order is paid")
    FAILED_EMAIL = "failed_email", _("email: the payment failed")
    PART_PAID_EMAIL = "part_paid_email", _("email: part of the order is paid")
    PAY_LATER_EMAIL = "pay_later_email", _("email: the shopper pays later")
    CLOSED_EMAIL = "closed_email", _("email: the order is closed")
    UNMATCHED_EMAIL = "unmatched_email", _("email: unmatched money arrived")
    REFUND_EMAIL = "refund_email", _("email: money was refunded")


class SkipReason(models.TextChoices):
    """Why a message was done without sending anything."""

    NO_ADDRESS = "no_address", _("the order has no email address")
    OUTDATED = "outdated", _("it is no longer true")


class MpesaOutboxMessage(models.Model):
    """One email or signal. The unique ``key`` names its kind and subject, so it is enqueued once.

    ``number`` counts how often the order was paid, for messages that say so. A failure moves ``due_at`` to the next
    try. ``reserved_at`` is set while a worker delivers the message.
    """

    mpesa_order = models.ForeignKey(
        MpesaOrder,
        on_delete=models.PROTECT,
        related_name="outbox_messages",
        verbose_name=pgettext_lazy("field", "order"),
    )
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outbox_messages",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    receipt = models.ForeignKey(
        MpesaReceipt,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outbox_messages",
        verbose_name=pgettext_lazy("field", "receipt"),
    )
    kind = models.CharField(pgettext_lazy("field", "kind"), max_length=24, choices=MessageKind.choices)
    key = models.CharField(max_length=64, unique=True)
    number = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(pgettext_lazy("field", "due at"))
    reserved_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(pgettext_lazy("field", "done at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(pgettext_lazy("field", "tries"), default=0)
    skip_reason = models.CharField(
        pgettext_lazy("field", "skip reason"), max_length=16, choices=SkipReason.choices, blank=True
    )
    error = OutsideTextField(pgettext_lazy("field", "error"), blank=True)

    class Meta:
        verbose_name = _("M-PESA notification")
        verbose_name_plural = _("M-PESA notifications")
        default_permissions = ("view",)
        ordering = ["id"]
        indexes = [models.Index(fields=["delivered_at", "due_at"], name="mpesa_outbox_pending")]

    if TYPE_CHECKING:
        payment_id: int | None

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
