"""Store money that arrived. Receipts are never deleted, and each receipt number is unique."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField
from oscar_mpesa.models.payments import MpesaPayment


class Allocation(models.TextChoices):
    """What the money is allocated to."""

    APPLIED = "applied", _("matched to an order")
    SURPLUS = "surplus", pgettext_lazy("choice", "overpaid")
    UNALLOCATED = "unallocated", pgettext_lazy("choice", "unmatched")
    MISMATCH = "mismatch", pgettext_lazy("choice", "wrong amount")
    RETURNED = "returned", pgettext_lazy("choice", "refunded")
    EXPLAINED = "explained", _("resolved with a note")


#: Receipts with these allocations wait for a decision by staff.
NEEDS_DECISION = (Allocation.SURPLUS, Allocation.UNALLOCATED, Allocation.MISMATCH)

#: An order with such a receipt has its money, so no new payment starts.
MONEY_ARRIVED = (Allocation.APPLIED, *NEEDS_DECISION)


class ReceiptReason(models.TextChoices):
    """Why money is not allocated to its order."""

    ORDER_PAID = "order_paid", _("the order is already paid")
    ORDER_CLOSED = "order_closed", _("the order was closed")
    SOLD_OUT = "sold_out", _("the order was closed, and its items are not all in stock")
    TEST_MONEY = "test_money", _("test money in a shop that takes real money")
    BOOKS_FAILED = "books_failed", _("the shop's own code failed")
    WRONG_AMOUNT = "wrong_amount", _("another amount than the payment's arrived")
    WRONG_TOTAL = "wrong_total", _("another amount than the order's total arrived")
    CODE_OF_OTHER_ORDER = "code_of_other_order", _("its M-PESA code belongs to another order")
    SAME_MONEY = "same_money", _("it is the same money as another row")


class ReceiptSource(models.TextChoices):
    """Where the fact that money arrived comes from."""

    CALLBACK = "callback", _("Safaricom's callback")
    QUERY = "query", _("Safaricom's answer to a status check")
    PAYBILL = "paybill", pgettext_lazy("choice", "paybill confirmation")
    STATEMENT = "statement", pgettext_lazy("choice", "statement")
    STAFF = "staff", _("staff, by hand")


class ReceiptQuerySet(models.QuerySet["MpesaReceipt"]):
    """Filter receipts."""

    def needing_decision(self) -> ReceiptQuerySet:
        """Return the receipts that are unmatched, of a wrong amount, or of a canceled order."""
        cancelled = Q(allocation=Allocation.APPLIED, order__status=get_settings().CANCELLED_STATUS)
        return self.filter(Q(allocation__in=NEEDS_DECISION) | cancelled)

    def counted(self) -> ReceiptQuerySet:
        """Return one receipt for each arrival of money, without rows that repeat another one."""
        return self.filter(same_as=None)


class MpesaReceipt(models.Model):
    """Money that arrived on the short code. ``number`` is its M-PESA code, None until it is known."""

    number = models.CharField(_("M-PESA code"), max_length=32, null=True, blank=True)
    environment = EnvironmentField()
    awaiting_number = models.PositiveBigIntegerField(null=True, blank=True, unique=True, editable=False)
    amount = models.DecimalField(pgettext_lazy("field", "amount"), max_digits=12, decimal_places=2)
    paid_at = models.DateTimeField(pgettext_lazy("field", "paid at"))
    payer = models.CharField(_("name on M-PESA"), max_length=128, blank=True)
    source = models.CharField(pgettext_lazy("field", "source"), max_length=12, choices=ReceiptSource.choices)
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="receipts",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    order = models.ForeignKey(
        "order.Order",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mpesa_receipts",
        verbose_name=pgettext_lazy("field", "order"),
    )
    allocation = models.CharField(pgettext_lazy("field", "allocation"), max_length=12, choices=Allocation.choices)
    allocated_at = models.DateTimeField(pgettext_lazy("field", "allocated at"))
    allocated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    allocated_by_name = models.CharField(pgettext_lazy("field", "allocated by"), max_length=150, blank=True)
    booked_at = models.DateTimeField(pgettext_lazy("field", "posted on"), null=True, blank=True)
    reason = models.CharField(
        pgettext_lazy("field", "reason"), max_length=32, blank=True, choices=ReceiptReason.choices
    )
    same_as = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.RESTRICT, related_name="+", verbose_name=_("same money as")
    )
    error = OutsideTextField(pgettext_lazy("field", "posting error"), blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    returned_at = models.DateTimeField(pgettext_lazy("field", "refunded at"), null=True, blank=True)
    returned_amount = models.DecimalField(
        pgettext_lazy("field", "refunded amount"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    returned_reference = models.CharField(pgettext_lazy("field", "refund reference"), max_length=128, blank=True)
    note = models.TextField(pgettext_lazy("field", "note"), blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))

    objects = models.Manager.from_queryset(ReceiptQuerySet)()

    class Meta:
        verbose_name = _("M-PESA receipt")
        verbose_name_plural = _("M-PESA receipts")
        ordering = ["-id"]
        permissions = [
            ("apply_receipt", _("Can match M-PESA money to an order")),
            ("record_receipt", _("Can record an M-PESA payment")),
            ("record_return", _("Can record an M-PESA refund")),
            ("explain_receipt", _("Can resolve M-PESA money with a note")),
        ]
        constraints = [models.UniqueConstraint(fields=["environment", "number"], name="mpesa_receipt_once")]
        indexes = [
            models.Index(fields=["allocation", "created_at"], name="mpesa_receipt_sort_out"),
            models.Index(fields=["environment", "paid_at"], name="mpesa_receipt_paid_at"),
            models.Index(fields=["paid_at", "id"], name="mpesa_receipt_list"),
            models.Index(fields=["allocation", "paid_at", "id"], name="mpesa_receipt_allocation"),
            models.Index(fields=["amount", "paid_at", "id"], name="mpesa_receipt_amount"),
        ]

    if TYPE_CHECKING:
        payment_id: int | None
        order_id: int | None

    def __str__(self) -> str:
        return f"M-PESA receipt {self.number or '…'}"

    @property
    def rest(self) -> Decimal:
        """Return the amount in shillings, less what was refunded."""
        return self.amount - (self.returned_amount or Decimal(0))

    @property
    def is_of_cancelled_order(self) -> bool:
        """Return whether the order was canceled after the money was allocated to it."""
        order: Any = self.order
        is_allocated = self.allocation == Allocation.APPLIED and order is not None
        return is_allocated and order.status == get_settings().CANCELLED_STATUS

    @property
    def needs_decision(self) -> bool:
        """Return whether staff must decide about the money, as ``needing_decision`` does for many."""
        return self.allocation in NEEDS_DECISION or self.is_of_cancelled_order
