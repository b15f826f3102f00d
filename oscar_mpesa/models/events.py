"""The audit: what happened, from what to what, why, and by whom; and the numbers that want no requests."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models.fields import OutsideTextField
from oscar_mpesa.models.orders import MpesaOrder
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt


class MpesaEvent(models.Model):
    """One line of an order's timeline."""

    mpesa_order = models.ForeignKey(
        MpesaOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="events", verbose_name=_("order")
    )
    payment = models.ForeignKey(
        MpesaPayment, null=True, blank=True, on_delete=models.PROTECT, related_name="events", verbose_name=_("payment")
    )
    receipt = models.ForeignKey(
        MpesaReceipt, null=True, blank=True, on_delete=models.PROTECT, related_name="events", verbose_name=_("receipt")
    )
    what = models.CharField(_("what"), max_length=64)
    before = models.CharField(_("from"), max_length=64, blank=True)
    after = models.CharField(_("to"), max_length=64, blank=True)
    why = OutsideTextField(_("why"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(_("by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("created at"), db_index=True)

    class Meta:
        verbose_name = _("M-Pesa event")
        verbose_name_plural = _("M-Pesa events")
        ordering = ["id"]
        indexes = [models.Index(fields=["what", "created_at"], name="mpesa_event_what")]

    def __str__(self) -> str:
        return f"{self.what} {self.before} → {self.after}".strip(" →")


class MpesaBlockedPhone(models.Model):
    """A number whose owner asked for no more requests."""

    phone = models.CharField(_("phone"), max_length=12, unique=True)
    note = models.TextField(_("note"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(_("by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("blocked phone")
        verbose_name_plural = _("blocked phones")
        ordering = ["-id"]
        permissions = [("block_phone", _("Can stop M-Pesa requests to a phone"))]

    def __str__(self) -> str:
        return f"blocked phone {self.pk}"

    @property
    def phone_number(self) -> PhoneNumber:
        """The number, which knows how to mask itself."""
        return PhoneNumber(msisdn=self.phone)
