"""Store the phone numbers that receive no prompts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models.payments import MpesaPayment


class MpesaBlockedPhone(models.Model):
    """A number whose owner wants no more prompts. The timeline of ``payment`` shows the block."""

    phone = models.CharField(pgettext_lazy("field", "phone"), max_length=12, unique=True)
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    note = models.TextField(pgettext_lazy("field", "note"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(pgettext_lazy("field", "by"), max_length=150, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))

    class Meta:
        verbose_name = pgettext_lazy("field", "blocked phone")
        verbose_name_plural = pgettext_lazy("field", "blocked phones")
        default_permissions = ("view",)
        ordering = ["-id"]
        permissions = [("block_phone", _("Can block M-PESA prompts to a phone"))]

    def __str__(self) -> str:
        return f"blocked phone {self.pk}"

    @property
    def phone_number(self) -> PhoneNumber:
        """Return the phone as a value that can mask itself."""
        return PhoneNumber(msisdn=self.phone)
