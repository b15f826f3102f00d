"""Our calls to Daraja, kept by allow-list: no password, token, secret or full phone number."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField
from oscar_mpesa.models.payments import MpesaPayment


class MpesaCall(models.Model):
    """One HTTP exchange. The minute's budget of queries is counted from these rows."""

    endpoint = models.CharField(_("endpoint"), max_length=16)
    environment = EnvironmentField()
    shortcode = models.CharField(_("short code"), max_length=16)
    payment = models.ForeignKey(
        MpesaPayment, null=True, blank=True, on_delete=models.PROTECT, related_name="calls", verbose_name=_("payment")
    )
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    request = models.JSONField(_("request"), default=dict)
    reply = models.JSONField(_("reply"), default=dict)
    error = OutsideTextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("M-Pesa call")
        verbose_name_plural = _("M-Pesa calls")
        ordering = ["-id"]
        indexes = [models.Index(fields=["shortcode", "endpoint", "created_at"], name="mpesa_call_budget")]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.http_status or 'no answer'}"
