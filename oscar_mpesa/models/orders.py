"""Store what M-PESA needs of an order: deadlines, closure and the shopper's public id."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import rounded
from oscar_mpesa.models.fields import EnvironmentField, new_public_id


class CloseReason(models.TextChoices):
    """Why an unpaid order was closed."""

    EXPIRED = "expired", _("no payment in time")
    UNCONFIRMED = "unconfirmed", _("no payment in time, and Safaricom gave no answer")
    STAFF = "staff", pgettext_lazy("choice", "by staff")
    OTHER_METHOD = "other_method", _("the shopper chose another way to pay")


def has_pending_status(order: Any) -> bool:
    """Return whether Oscar's order has ``PENDING_STATUS``."""
    return bool(order.status == get_settings().PENDING_STATUS)


class MpesaOrderQuerySet(models.QuerySet["MpesaOrder"]):
    """Filter orders. Each filter matches a property of ``MpesaOrder``."""

    def open(self) -> MpesaOrderQuerySet:
        """Return the orders that are not ``is_closed``."""
        return self.filter(closed_at=None)

    def awaiting_payment(self) -> MpesaOrderQuerySet:
        """Return the orders that are ``is_awaiting_payment``."""
        return self.open().filter(order__status=get_settings().PENDING_STATUS)


class MpesaOrder(models.Model):
    """The M-PESA side of an order: its deadline, its closure, and the public id of its payment page.

    Its primary key is the order's, so ``mpesa_order_id`` is the order's id everywhere. ``balance`` is what is still
    owed, in shillings, below zero if the order got too much, and None before the order was first assessed. ``is_paid``
    says that money of the ledger pays it, ``unpaid_since`` since when an order that was paid misses money, and
    ``total_seen`` and ``status_seen`` what was last assessed. Only ``services.ledger`` writes them. One that
    ``is_enrolled`` was placed with another payment method: it never expires, and its stock is the shop's business.
    ``indexed_at`` is when its search words were written, None if they are due. ``paid_count`` and ``unpaid_count``
    number the signals ``order_paid`` and ``order_unpaid``.
    """

    order = models.OneToOneField(
        "order.Order",
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="mpesa",
        verbose_name=pgettext_lazy("field", "order"),
    )
    public_id = models.CharField(
        pgettext_lazy("field", "public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    environment = EnvironmentField()
    language = models.CharField(
        pgettext_lazy("field", "language"), max_length=16, blank=True, help_text=_("The shopper's, for emails.")
    )
    session_digest = models.CharField(max_length=64, blank=True, db_index=True)
    address = models.GenericIPAddressField(pgettext_lazy("field", "address"), null=True, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))
    pay_before = models.DateTimeField(pgettext_lazy("field", "pay before"), db_index=True)
    close_check_at = models.DateTimeField(
        _("next closure check at"),
        null=True,
        blank=True,
        help_text=_("Moved forward while a worker handles the order; empty when there is nothing to close."),
    )
    close_failures = models.PositiveSmallIntegerField(_("failed tries to close it in a row"), default=0)
    close_failing_since = models.DateTimeField(_("closing it fails since"), null=True, blank=True)
    pay_later_at = models.DateTimeField(_("pays later since"), null=True, blank=True, db_index=True)
    closed_at = models.DateTimeField(pgettext_lazy("field", "closed at"), null=True, blank=True)
    close_reason = models.CharField(
        pgettext_lazy("field", "close reason"), max_length=16, blank=True, choices=CloseReason.choices
    )
    stock_snapshot = models.JSONField(default=dict, blank=True, editable=False)
    basket_restored_at = models.DateTimeField(_("returned to basket at"), null=True, blank=True)
    part_paid_at = models.DateTimeField(_("partly paid since"), null=True, blank=True)
    paid_at = models.DateTimeField(_("first paid at"), null=True, blank=True)
    is_paid = models.BooleanField(pgettext_lazy("field", "paid"), default=False)
    unpaid_since = models.DateTimeField(_("no longer paid since"), null=True, blank=True, db_index=True)
    balance = models.DecimalField(
        pgettext_lazy("field", "balance"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    total_seen = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True, editable=False)
    status_seen = models.CharField(max_length=100, blank=True, editable=False)
    is_enrolled = models.BooleanField(_("placed with another payment method"), default=False)
    revision = models.PositiveIntegerField(default=0, editable=False)
    paid_count = models.PositiveSmallIntegerField(default=0, editable=False)
    unpaid_count = models.PositiveSmallIntegerField(default=0, editable=False)
    indexed_at = models.DateTimeField(null=True, blank=True, db_index=True, editable=False)
    result_seen_at = models.DateTimeField(_("result shown to shopper at"), null=True, blank=True)

    objects = models.Manager.from_queryset(MpesaOrderQuerySet)()

    class Meta:
        verbose_name = _("M-PESA order")
        verbose_name_plural = _("M-PESA orders")
        default_permissions = ("view",)
        ordering = ["-created_at"]
        permissions = [("close_order", _("Can close an unpaid M-PESA order"))]
        indexes = [
            models.Index(fields=["address", "created_at"], name="mpesa_order_address"),
            # Orders whose closure check is due, and the few unpaid and open ones that have none.
            models.Index(fields=["close_check_at", "is_paid", "closed_at", "pay_before"], name="mpesa_order_closing"),
        ]

    def __str__(self) -> str:
        return f"M-PESA order {self.pk}"

    @property
    def amount_due(self) -> Decimal:
        """Return what to pay next, in whole shillings: the balance, or the order's total before it was assessed."""
        due = self.order.total_incl_tax if self.balance is None else self.balance
        return rounded(max(Decimal(due), Decimal(0)), get_settings().ROUNDING)

    @property
    def is_closed(self) -> bool:
        """Return whether the order was closed, and its stock, vouchers and offers released."""
        return self.closed_at is not None

    @property
    def is_awaiting_payment(self) -> bool:
        """Return whether the order is open and has the pending status. Receipts are not checked."""
        return not self.is_closed and has_pending_status(self.order)

    @property
    def was_closed_by_clock(self) -> bool:
        """Return whether the order was closed because no payment arrived in time."""
        return self.close_reason in {CloseReason.EXPIRED.value, CloseReason.UNCONFIRMED.value}

    @property
    def can_be_reopened(self) -> bool:
        """Return whether late money may reopen the order: it expired, and its lines are in no basket."""
        return self.is_closed and self.was_closed_by_clock and self.basket_restored_at is None
