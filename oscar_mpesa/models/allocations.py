"""Store how much of a receipt or claim counts for an order. An entry is never edited; it is reversed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.claims import MpesaClaim
from oscar_mpesa.models.fields import OutsideTextField, check_constraint
from oscar_mpesa.models.receipts import MpesaReceipt


class AllocationReason(models.TextChoices):
    """Why an allocation was made."""

    PAYMENT = "payment", _("it was meant for the order")
    STAFF = "staff", pgettext_lazy("choice", "staff matched it")
    CLAIM = "claim", _("staff recorded the payment")
    REPLACED = "replaced", _("the rest of a larger entry")
    RESOLVED = "resolved", _("resolved with a note")


class ReversalReason(models.TextChoices):
    """Why an allocation was reversed."""

    STAFF = "staff", pgettext_lazy("choice", "staff unmatched it")
    NOT_OWED = "not_owed", _("the order owes less")
    ORDER_CLOSED = "order_closed", _("the order was closed")
    CONFIRMED_MONEY = "confirmed_money", _("confirmed money took its place")
    OTHER_TARGET = "other_target", _("Safaricom names another order or amount")
    WITHDRAWN = "withdrawn", _("the recorded payment was withdrawn")
    SAME_MONEY = "same_money", _("it is the same money as another row")
    PRODUCTION = "production", _("real money came for the order")


class AllocationQuerySet(models.QuerySet["MpesaAllocation"]):
    """Filter allocations."""

    def active(self) -> AllocationQuerySet:
        """Return the allocations that are not reversed."""
        return self.filter(reversed_at=None)


class MpesaAllocation(models.Model):
    """So much of a receipt, or of a claim, counts for an order. Without an order, the money is resolved with a note.

    ``amount`` is in shillings. ``posted_on`` and ``reversed_on`` are Nairobi days. ``balance_after`` and
    ``balance_after_reversal`` are what the order owed after the step that made or reversed the entry. At
    ``handed_over_at``, a receipt took over the entry of a claim: for sums of receipts, that step made it.
    ``oscar_source_id`` and ``oscar_event_id`` are ids of Oscar's rows, which shops may delete.
    """

    receipt = models.ForeignKey(
        MpesaReceipt,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="allocations",
        verbose_name=pgettext_lazy("field", "receipt"),
    )
    claim = models.ForeignKey(
        MpesaClaim,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="allocations",
        verbose_name=pgettext_lazy("field", "recorded payment"),
    )
    order = models.ForeignKey(
        "order.Order",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mpesa_allocations",
        verbose_name=pgettext_lazy("field", "order"),
    )
    amount = models.DecimalField(pgettext_lazy("field", "amount"), max_digits=12, decimal_places=2)
    reason = models.CharField(pgettext_lazy("field", "reason"), max_length=16, choices=AllocationReason.choices)
    note = OutsideTextField(pgettext_lazy("field", "note"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(pgettext_lazy("field", "by"), max_length=150, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))
    posted_on = models.DateField(pgettext_lazy("field", "posted on"))
    handed_over_at = models.DateTimeField(_("confirmed money since"), null=True, blank=True)
    reversed_at = models.DateTimeField(pgettext_lazy("field", "reversed at"), null=True, blank=True)
    reversed_on = models.DateField(pgettext_lazy("field", "reversed on"), null=True, blank=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reversed_by_name = models.CharField(pgettext_lazy("field", "reversed by"), max_length=150, blank=True)
    reversal_reason = models.CharField(
        pgettext_lazy("field", "reason of the reversal"), max_length=16, blank=True, choices=ReversalReason.choices
    )
    reversal_note = OutsideTextField(pgettext_lazy("field", "note of the reversal"), blank=True)
    balance_after = models.DecimalField(
        pgettext_lazy("field", "order balance after it"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    balance_after_reversal = models.DecimalField(
        _("order balance after the reversal"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    booked_at = models.DateTimeField(_("in the shop's books since"), null=True, blank=True)
    reversal_booked_at = models.DateTimeField(_("reversed in the shop's books since"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, db_index=True)
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    error = OutsideTextField(pgettext_lazy("field", "posting error"), blank=True)
    oscar_source_id = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    oscar_event_id = models.PositiveBigIntegerField(null=True, blank=True, editable=False)

    objects = models.Manager.from_queryset(AllocationQuerySet)()

    class Meta:
        verbose_name = _("M-PESA allocation")
        verbose_name_plural = _("M-PESA allocations")
        default_permissions = ("view",)
        ordering = ["id"]
        constraints = [
            check_constraint(Q(amount__gt=0), name="mpesa_allocation_amount_positive"),
            check_constraint(
                Q(receipt__isnull=False, claim__isnull=True) | Q(receipt__isnull=True, claim__isnull=False),
                name="mpesa_allocation_of_one",
            ),
        ]
        indexes = [
            models.Index(fields=["order", "reversed_at"], name="mpesa_allocation_order"),
            models.Index(fields=["posted_on", "id"], name="mpesa_allocation_posted_on"),
            models.Index(fields=["reversed_on", "id"], name="mpesa_allocation_reversed_on"),
        ]

    if TYPE_CHECKING:
        receipt_id: int | None
        claim_id: int | None
        order_id: int | None

    def __str__(self) -> str:
        return f"M-PESA allocation {self.pk}: {self.amount}"

    @property
    def is_active(self) -> bool:
        """Return whether the entry is not reversed."""
        return self.reversed_at is None

    @property
    def counted_at(self) -> datetime:
        """Return when the entry was made, or when a receipt took over the entry of a claim."""
        return self.handed_over_at or self.created_at

    @property
    def number(self) -> str:
        """Return the M-PESA code of the money; empty if it is not known yet."""
        money = self.receipt or self.claim
        return (money.number if money else None) or ""

    @property
    def environment(self) -> str:
        """Return the environment of the money."""
        money = self.receipt or self.claim
        return money.environment if money else ""
