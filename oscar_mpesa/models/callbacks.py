"""Store the raw body of each callback, and the verdict on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.daraja.json import Fault
from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField
from oscar_mpesa.models.payments import MpesaPayment


class Verdict(models.TextChoices):
    """The result of processing a callback. ``received``, ``failed`` and ``unconfirmed`` can still change."""

    RECEIVED = "received", pgettext_lazy("choice", "received")
    FAILED = "failed", _("not processed yet")
    APPLIED = "applied", pgettext_lazy("choice", "accepted")
    NO_CHANGE = "no_change", pgettext_lazy("choice", "changed nothing")
    DUPLICATE = "duplicate", pgettext_lazy("choice", "duplicate")
    MISMATCH = "mismatch", pgettext_lazy("choice", "wrong amount")
    UNCONFIRMED = "unconfirmed", pgettext_lazy("choice", "unconfirmed")
    UNVERIFIED = "unverified", pgettext_lazy("choice", "not verified")
    UNMATCHED = "unmatched", _("about another payment")
    UNREADABLE = "unreadable", pgettext_lazy("choice", "unreadable")


class CallbackReason(models.TextChoices):
    """Why a callback could not be processed, or why its success needs a confirmation by Safaricom.

    ``detail`` names the unreadable field or quotes the exception.
    """

    CRASHED = "crashed", _("an error in the shop's own code")
    NOT_JSON = Fault.NOT_JSON.value, pgettext_lazy("choice", "not JSON")
    NOT_AN_OBJECT = Fault.NOT_AN_OBJECT.value, _("not a JSON object")
    NOT_A_LIST = Fault.NOT_A_LIST.value, _("not a list")
    NOT_TEXT = Fault.NOT_TEXT.value, _("neither text nor number")
    NOT_A_NUMBER = Fault.NOT_A_NUMBER.value, _("not a usable number")
    TOO_LONG = Fault.TOO_LONG.value, pgettext_lazy("choice", "too long")
    MISSING = Fault.MISSING.value, pgettext_lazy("choice", "missing")
    INCOMPLETE = "incomplete", _("it has no amount or no M-PESA code")
    OTHER_ID = "other_id", _("it does not have the payment's checkout id")
    OTHER_AMOUNT = "other_amount", _("it has another amount than the payment")
    INVALID_CODE = "invalid_code", _("it has no valid M-PESA code")
    KNOWN_CODE = "known_code", _("its M-PESA code belongs to other money")
    SECOND_CODE = "second_code", _("the payment already has another M-PESA code")
    OTHER_RESULT = "other_result", _("Safaricom had said before that it was not paid")
    TOO_LATE = "too_late", _("it came more than 24 hours after the prompt")
    NOT_FIRST = "not_first", _("another callback for the payment came before it")
    OTHER_ADDRESS = "other_address", _("it did not come from Safaricom's addresses")


class MpesaCallback(models.Model):
    """One POST to a callback address. The body is cut at 64 KB, or at 2 KB if it is unverified."""

    body = models.BinaryField()
    address = models.GenericIPAddressField(pgettext_lazy("field", "address"), null=True, blank=True)
    received_at = models.DateTimeField(pgettext_lazy("field", "received at"), db_index=True)
    environment = EnvironmentField()
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,  # the constraint would make a new row wait for the lock on its payment's row
        related_name="callbacks",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    verdict = models.CharField(
        pgettext_lazy("field", "result"), max_length=12, choices=Verdict.choices, default=Verdict.RECEIVED
    )
    reason = models.CharField(
        pgettext_lazy("field", "reason"), max_length=16, choices=CallbackReason.choices, blank=True
    )
    detail = OutsideTextField(pgettext_lazy("field", "detail"), blank=True)
    suppressed = models.PositiveIntegerField(_("more like it, not stored"), default=0)
    tries = models.PositiveSmallIntegerField(pgettext_lazy("field", "tries"), default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("M-PESA callback")
        verbose_name_plural = _("M-PESA callbacks")
        default_permissions = ("view",)
        ordering = ["-id"]
        indexes = [models.Index(fields=["verdict", "received_at"], name="mpesa_callback_verdict")]

    if TYPE_CHECKING:
        payment_id: int | None

    def __str__(self) -> str:
        return f"M-PESA callback {self.pk}"
