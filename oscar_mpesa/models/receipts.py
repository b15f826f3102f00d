"""Store money that arrived. Receipts are never deleted, and each receipt number is unique."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField
from oscar_mpesa.models.payments import MpesaPayment


class Allocation(models.TextChoices):
    """What the money is allocated to."""

    APPLIED = "applied", _("used for an order")
    SURPLUS = "surplus", _("paid twice")
    UNALLOCATED = "unallocated", _("no order took it")
    MISMATCH = "mismatch", _("other amount")
    RETURNED = "returned", _("returned")
    EXPLAINED = "explained", _("closed with a note")


#: Receipts with these allocations wait for a decision by staff.
NEEDS_DECISION = (Allocation.SURPLUS, Allocation.UNALLOCATED, Allocation.MISMATCH)

#: An order with such a receipt has its money, so no new payment starts.
MONEY_ARRIVED = (Allocation.APPLIED, *NEEDS_DECISION)


class ReceiptReason(models.TextChoices):
    """Why money is not allocated to its order."""

    ORDER_PAID = "order_paid", _("the order is paid already")
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
    QUERY = "query", _("Safaricom's answer to our question")
    PAYBILL = "paybill", _("paybill confirmation")
    STATEMENT = "statement", _("statement")
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
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    paid_at = models.DateTimeField(_("paid at"))
    payer = models.CharField(_("payer as told"), max_length=128, blank=True)
    source = models.CharField(_("source"), max_length=12, choices=ReceiptSource.choices)
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="receipts",
        verbose_name=_("payment"),
    )
    order = models.ForeignKey(
        "order.Order",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mpesa_receipts",
        verbose_name=_("order"),
    )
    allocation = models.CharField(_("allocation"), max_length=12, choices=Allocation.choices)
    allocated_at = models.DateTimeField(_("allocated at"))
    allocated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    allocated_by_name = models.CharField(_("allocated by"), max_length=150, blank=True)
    booked_at = models.DateTimeField(_("in the shop's books since"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=32, blank=True, choices=ReceiptReason.choices)
    same_as = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.RESTRICT, related_name="+", verbose_name=_("same money as")
    )
    error = OutsideTextField(_("error of the books"), blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    returned_at = models.DateTimeField(_("returned at"), null=True, blank=True)
    returned_amount = models.DecimalField(_("returned amount"), max_digits=12, decimal_places=2, null=True, blank=True)
    returned_reference = models.CharField(_("reference of the return"), max_length=128, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created at"))

    objects = models.Manager.from_queryset(ReceiptQuerySet)()

    class Meta:
        verbose_name = _("M-Pesa receipt")
        verbose_name_plural = _("M-Pesa receipts")
        ordering = ["-id"]
        permissions = [
            ("apply_receipt", _("Can use M-Pesa money for an order")),
            ("record_receipt", _("Can record M-Pesa money found elsewhere")),
            ("record_return", _("Can record that M-Pesa money was returned")),
            ("explain_receipt", _("Can close M-Pesa money with a note")),
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
