"""Log calls to Daraja. An allow-list keeps passwords, tokens, secrets and full phone numbers out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField
from oscar_mpesa.models.payments import MpesaPayment

ERROR_KIND_CHOICES = [
    (ErrorKind.UNREACHABLE.value, pgettext_lazy("choice", "unreachable")),
    (ErrorKind.UNREADABLE.value, pgettext_lazy("choice", "unreadable answer")),
    (ErrorKind.BLOCKED.value, _("blocked by Safaricom's firewall")),
    (ErrorKind.REFUSED.value, _("refused by Safaricom")),
    (ErrorKind.NUMBER_REFUSED.value, _("phone number refused")),
    (ErrorKind.AMOUNT_REFUSED.value, pgettext_lazy("choice", "amount refused")),
    (ErrorKind.BUSY.value, _("Safaricom is busy")),
    (ErrorKind.MISCONFIGURED.value, pgettext_lazy("choice", "wrong settings")),
    (ErrorKind.KEYS_REJECTED.value, _("consumer key and secret rejected")),
    (ErrorKind.TOKEN_REJECTED.value, pgettext_lazy("choice", "token rejected")),
    (ErrorKind.SHORTCODE_REJECTED.value, _("short code rejected")),
    (ErrorKind.PASSKEY_REJECTED.value, pgettext_lazy("choice", "passkey rejected")),
    (ErrorKind.PRODUCT_MISSING.value, _("M-PESA Express is not enabled")),
]


class MpesaApiCall(models.Model):
    """One HTTP request and its reply. ``services.status_query`` counts its budget per minute from these rows."""

    endpoint = models.CharField(pgettext_lazy("field", "endpoint"), max_length=16)
    environment = EnvironmentField()
    shortcode = models.CharField(pgettext_lazy("field", "short code"), max_length=16)
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="api_calls",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    http_status = models.PositiveSmallIntegerField(pgettext_lazy("field", "HTTP status"), null=True, blank=True)
    milliseconds = models.PositiveIntegerField(pgettext_lazy("field", "milliseconds"))
    request = models.JSONField(pgettext_lazy("field", "request"), default=dict)
    reply = models.JSONField(pgettext_lazy("field", "reply"), default=dict)
    error_kind = models.CharField(
        pgettext_lazy("field", "error"), max_length=20, choices=ERROR_KIND_CHOICES, blank=True
    )
    error = OutsideTextField(pgettext_lazy("field", "error message"), blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))

    class Meta:
        verbose_name = _("M-PESA API call")
        verbose_name_plural = _("M-PESA API calls")
        default_permissions = ("view",)
        ordering = ["-id"]
        indexes = [models.Index(fields=["shortcode", "endpoint", "created_at"], name="mpesa_call_budget")]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.http_status or 'no answer'}"
