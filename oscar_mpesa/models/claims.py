"""Store M-PESA codes that people report before Safaricom does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField, check_constraint
from oscar_mpesa.models.receipts import MpesaReceipt


class ClaimStatus(models.TextChoices):
    """Whether Safaricom has reported the money that a claim names."""

    OPEN = "open", pgettext_lazy("choice", "reported, not seen yet")
    CONFIRMED = "confirmed", pgettext_lazy("choice", "confirmed")
    WITHDRAWN = "withdrawn", pgettext_lazy("choice", "withdrawn")


class MpesaClaim(models.Model):
    """An M-PESA code that staff recorded for an order, before Safaricom proved it.

    ``open_number`` repeats ``number`` while the claim is open, so that each code has one open claim per environment.
    ``receipt`` is the money that the claim turned out to be; while the claim is open, it is money that has no code yet.
    ``posted_on`` and ``ended_on`` are the Nairobi days of reports, written once. A claim that only names the code of
    money that was known before has no ``posted_on``.
    """

    number = models.CharField(_("M-PESA code"), max_length=32, db_index=True)
    open_number = models.CharField(max_length=32, null=True, blank=True, editable=False)
    environment = EnvironmentField()
    shortcode = models.CharField(pgettext_lazy("field", "short code"), max_length=16, blank=True)
    amount = models.DecimalField(pgettext_lazy("field", "amount"), max_digits=12, decimal_places=2)
    order = models.ForeignKey(
        "order.Order",
        on_delete=models.PROTECT,
        related_name="mpesa_claims",
        verbose_name=pgettext_lazy("field", "order"),
    )
    receipt = models.ForeignKey(
        MpesaReceipt,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="claims",
        verbose_name=pgettext_lazy("field", "receipt"),
    )
    status = models.CharField(
        pgettext_lazy("field", "status"), max_length=12, choices=ClaimStatus.choices, default=ClaimStatus.OPEN
    )
    paid_at = models.DateTimeField(pgettext_lazy("field", "paid at"))
    seen_in = OutsideTextField(_("where it was seen"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(pgettext_lazy("field", "by"), max_length=150, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))
    posted_on = models.DateField(pgettext_lazy("field", "posted on"), null=True, blank=True)
    ended_at = models.DateTimeField(pgettext_lazy("field", "ended at"), null=True, blank=True)
    ended_on = models.DateField(pgettext_lazy("field", "ended on"), null=True, blank=True)
    ended_by_name = models.CharField(pgettext_lazy("field", "ended by"), max_length=150, blank=True)
    end_note = OutsideTextField(_("why it was withdrawn"), blank=True)

    class Meta:
        verbose_name = _("recorded M-PESA payment")
        verbose_name_plural = _("recorded M-PESA payments")
        default_permissions = ("view",)
        ordering = ["-id"]
        permissions = [("record_claim", _("Can record an M-PESA payment"))]
        constraints = [
            models.UniqueConstraint(fields=["environment", "open_number"], name="mpesa_claim_open_once"),
            check_constraint(Q(amount__gt=0), name="mpesa_claim_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["status", "created_at"], name="mpesa_claim_status"),
            models.Index(fields=["environment", "posted_on"], name="mpesa_claim_posted_on"),
            models.Index(fields=["environment", "ended_on"], name="mpesa_claim_ended_on"),
        ]

    if TYPE_CHECKING:
        order_id: int
        receipt_id: int | None

    def __str__(self) -> str:
        return f"recorded M-PESA payment {self.number}"

    @property
    def is_open(self) -> bool:
        """Return whether Safaricom has not reported the code yet, and nobody withdrew it."""
        return self.status == ClaimStatus.OPEN
