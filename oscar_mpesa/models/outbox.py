"""Store the emails and signals to deliver after a transaction commits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.models.fields import OutsideTextField
from oscar_mpesa.models.orders import MpesaOrder
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt


class MessageKind(models.TextChoices):
    """The email or signal to deliver."""

    ORDER_PAID = "order_paid", _("the shop's code: the order is paid")
    PAYMENT_FAILED = "payment_failed", _("the shop's code: an attempt failed")
    RECEIPT_UNMATCHED = "receipt_unmatched", _("the shop's code: money arrived that no order took")
    PAID_EMAIL = "paid_email", _("mail: the order is paid")
    FAILED_EMAIL = "failed_email", _("mail: the payment failed")
    PAY_LATER_EMAIL = "pay_later_email", _("mail: the shopper pays later")
    CLOSED_EMAIL = "closed_email", _("mail: the order is closed")
    UNMATCHED_EMAIL = "unmatched_email", _("mail: money came anyway")


class MpesaOutboxMessage(models.Model):
    """One email or signal. The unique ``key`` names its kind and subject, so it is enqueued once."""

    mpesa_order = models.ForeignKey(
        MpesaOrder, on_delete=models.PROTECT, related_name="outbox_messages", verbose_name=_("order")
    )
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outbox_messages",
        verbose_name=_("payment"),
    )
    receipt = models.ForeignKey(
        MpesaReceipt,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outbox_messages",
        verbose_name=_("receipt"),
    )
    kind = models.CharField(_("kind"), max_length=24, choices=MessageKind.choices)
    key = models.CharField(max_length=40, unique=True)
    due_at = models.DateTimeField(_("due at"))
    reserved_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(_("done at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = OutsideTextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("M-Pesa message due")
        verbose_name_plural = _("M-Pesa messages due")
        ordering = ["id"]
        indexes = [models.Index(fields=["delivered_at", "due_at"], name="mpesa_outbox_pending")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
