"""What is owed after a transaction: a mail or an announcement, written inside it and done after it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.models.fields import OutsideTextField
from oscar_mpesa.models.orders import MpesaOrder
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt


class DueKind(models.TextChoices):
    """Who is to be told what."""

    ORDER_PAID = "order_paid", _("the shop's code: the order is paid")
    PAYMENT_FAILED = "payment_failed", _("the shop's code: an attempt failed")
    MONEY_ASTRAY = "money_astray", _("the shop's code: money arrived that no order took")
    PAID_MAIL = "paid_mail", _("mail: the order is paid")
    FAILED_MAIL = "failed_mail", _("mail: the payment failed")
    LATER_MAIL = "later_mail", _("mail: the shopper pays later")
    CLOSED_MAIL = "closed_mail", _("mail: the order is closed")
    ASTRAY_MAIL = "astray_mail", _("mail: money came anyway")


class MpesaDue(models.Model):
    """One thing to tell; ``about`` writes it down once: the order, payment or receipt that it is about."""

    mpesa_order = models.ForeignKey(MpesaOrder, on_delete=models.PROTECT, related_name="dues", verbose_name=_("order"))
    payment = models.ForeignKey(
        MpesaPayment, null=True, blank=True, on_delete=models.PROTECT, related_name="dues", verbose_name=_("payment")
    )
    receipt = models.ForeignKey(
        MpesaReceipt, null=True, blank=True, on_delete=models.PROTECT, related_name="dues", verbose_name=_("receipt")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=DueKind.choices)
    about = models.CharField(max_length=40, unique=True)
    due_at = models.DateTimeField(_("due at"))
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = OutsideTextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("M-Pesa message due")
        verbose_name_plural = _("M-Pesa messages due")
        ordering = ["id"]
        indexes = [models.Index(fields=["done_at", "due_at"], name="mpesa_due_undone")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
