"""Store who tried to send a push to whom, so that limits bind the person who tries."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.orders import MpesaOrder


class PushLimit(models.TextChoices):
    """The limit that refused a push."""

    PHONE_BLOCKED = "phone_blocked", _("the owner of the number wants no prompts")
    PHONE = "phone", _("prompts to one number")
    ORDER_NUMBERS = "order_numbers", _("numbers for one order")
    ORDER_PUSHES = "order_pushes", _("prompts for one order")
    SESSION_NUMBERS = "session_numbers", _("numbers from one browser")
    SESSION_ORDERS = "session_orders", _("unpaid orders from one browser")
    ADDRESS_NUMBERS = "address_numbers", _("numbers from one IP address")


class MpesaPushAttempt(models.Model):
    """One try to send a push, also one that a limit refused.

    ``refused_by`` is the limit that refused it; empty if none did. ``mpesa_order`` is None for a refused placement,
    which leaves no order.
    """

    mpesa_order = models.ForeignKey(
        MpesaOrder,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="push_attempts",
        verbose_name=pgettext_lazy("field", "order"),
    )
    phone = models.CharField(pgettext_lazy("field", "phone"), max_length=12)
    session_digest = models.CharField(max_length=64, blank=True, editable=False)
    address = models.GenericIPAddressField(pgettext_lazy("field", "address"), null=True, blank=True)
    refused_by = models.CharField(
        pgettext_lazy("field", "refused by"), max_length=20, blank=True, choices=PushLimit.choices
    )
    environment = EnvironmentField()
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"), db_index=True)

    class Meta:
        verbose_name = pgettext_lazy("field", "prompt attempt")
        verbose_name_plural = pgettext_lazy("field", "prompt attempts")
        default_permissions = ("view",)
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["session_digest", "created_at"], name="mpesa_attempt_session"),
            models.Index(fields=["address", "created_at"], name="mpesa_attempt_address"),
        ]

    def __str__(self) -> str:
        return f"prompt attempt {self.pk}"


class MpesaLimitLock(models.Model):
    """A row to lock while what one session, address, phone or email did is counted. It holds nothing else.

    ``key`` is a hash, so that the table names nobody. Old rows are deleted.
    """

    key = models.CharField(max_length=64, unique=True)
    used_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = pgettext_lazy("field", "limit lock")
        verbose_name_plural = pgettext_lazy("field", "limit locks")
        default_permissions = ()

    def __str__(self) -> str:
        return f"limit lock {self.pk}"
