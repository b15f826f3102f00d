"""Store the payment links of orders: random tokens whose holder can pay, until they expire or are revoked."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.orders import MpesaOrder


def new_token() -> str:
    """Return 32 random characters that are safe in a URL (192 bits)."""
    return secrets.token_urlsafe(24)


class PayLinkQuerySet(models.QuerySet["MpesaPayLink"]):
    """Filter payment links."""

    def active(self, now: datetime) -> PayLinkQuerySet:
        """Return the links that have neither expired nor been revoked."""
        return self.filter(revoked_at=None, expires_at__gt=now)


class MpesaPayLink(models.Model):
    """A link that may be passed on. Its holder can pay the order, and see the amount and the shop, but nothing else."""

    mpesa_order = models.ForeignKey(
        MpesaOrder,
        on_delete=models.CASCADE,
        related_name="pay_links",
        verbose_name=pgettext_lazy("field", "order"),
    )
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))
    expires_at = models.DateTimeField(pgettext_lazy("field", "expires at"))
    revoked_at = models.DateTimeField(pgettext_lazy("field", "revoked at"), null=True, blank=True)
    revoked_by_name = models.CharField(pgettext_lazy("field", "revoked by"), max_length=150, blank=True)

    objects = models.Manager.from_queryset(PayLinkQuerySet)()

    class Meta:
        verbose_name = pgettext_lazy("model", "payment link")
        verbose_name_plural = pgettext_lazy("model", "payment links")
        default_permissions = ()
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"payment link {self.pk}"

    def is_active(self, now: datetime) -> bool:
        """Return whether the link has neither expired nor been revoked."""
        return self.revoked_at is None and self.expires_at > now
