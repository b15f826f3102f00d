"""Store money that arrived. A receipt is a fact: it is never deleted, and only its missing code is added later."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.fields import EnvironmentField, OutsideTextField, check_constraint
from oscar_mpesa.models.payments import MpesaPayment


class Channel(models.TextChoices):
    """How the money came to the short code, or where we read of it."""

    STK = "stk", pgettext_lazy("choice", "STK push")
    C2B = "c2b", pgettext_lazy("choice", "paybill or till")
    STATEMENT = "statement", pgettext_lazy("choice", "statement")


class ReceiptStatus(models.TextChoices):
    """What the money counts for, derived from its entries. ``ledger.write_sums`` writes it."""

    MATCHED = "matched", _("matched to an order")
    OVERPAID = "overpaid", pgettext_lazy("choice", "overpaid")
    UNMATCHED = "unmatched", pgettext_lazy("choice", "unmatched")
    WRONG_AMOUNT = "wrong_amount", pgettext_lazy("choice", "wrong amount")
    REFUNDED = "refunded", pgettext_lazy("choice", "refunded")
    RESOLVED = "resolved", _("resolved with a note")


#: Receipts with these statuses have an unallocated amount, so staff must decide.
NEEDS_DECISION = (ReceiptStatus.OVERPAID, ReceiptStatus.UNMATCHED, ReceiptStatus.WRONG_AMOUNT)


class UnmatchedReason(models.TextChoices):
    """Why part of a receipt is not allocated."""

    ORDER_PAID = "order_paid", _("the order is already paid")
    ORDER_CLOSED = "order_closed", _("the order was closed")
    ORDER_CANCELED = "order_canceled", _("the order was canceled")
    SOLD_OUT = "sold_out", _("the order was closed, and its items are not all in stock")
    TEST_MONEY = "test_money", _("test money in a shop that takes real money")
    WRONG_AMOUNT = "wrong_amount", _("another amount than the payment's arrived")
    UNMATCHED_BY_STAFF = "unmatched_by_staff", _("staff took it from its order")
    NO_ORDER = "no_order", _("it names no order that can take it")
    REFUNDED_TWICE = "refunded_twice", _("more was refunded than is left")


#: The status of a receipt by the reason of its unallocated amount; *unmatched* for all others.
STATUS_BY_REASON = {
    UnmatchedReason.ORDER_PAID: ReceiptStatus.OVERPAID,
    UnmatchedReason.WRONG_AMOUNT: ReceiptStatus.WRONG_AMOUNT,
}


class ReceiptQuerySet(models.QuerySet["MpesaReceipt"]):
    """Filter receipts."""

    def counted(self) -> ReceiptQuerySet:
        """Return one receipt for each arrival of money, without rows that repeat another one."""
        return self.filter(same_as=None)

    def needing_decision(self) -> ReceiptQuerySet:
        """Return the receipts with an unallocated amount."""
        return self.filter(status__in=NEEDS_DECISION)

    def of_order(self, order_id: int) -> ReceiptQuerySet:
        """Return the counted receipts that are meant for an order, or allocated to it, oldest first."""
        allocated = MpesaReceipt.objects.filter(allocations__order_id=order_id, allocations__reversed_at=None)
        # Two subqueries, because databases do not use their indexes for an OR over two tables.
        meant = MpesaReceipt.objects.filter(meant_for_id=order_id)
        ids = meant.order_by().values("pk").union(allocated.order_by().values("pk"))
        return self.counted().filter(pk__in=list(ids.values_list("pk", flat=True))).order_by("pk")


class MpesaReceipt(models.Model):
    """Money that arrived on the short code. ``number`` is its M-PESA code, None until Safaricom names it.

    ``amount`` is in shillings. ``posted_on`` is the Nairobi day of reports, written once. ``posted_paid_at`` is the
    time that reports keep, if M-PESA's own time came after that day was closed. ``unallocated``, ``unmatched_reason``
    and ``status`` are derived from allocations and refunds; only ``services.ledger`` writes them.
    """

    number = models.CharField(_("M-PESA code"), max_length=32, null=True, blank=True)
    environment = EnvironmentField()
    shortcode = models.CharField(pgettext_lazy("field", "short code"), max_length=16, blank=True)
    amount = models.DecimalField(pgettext_lazy("field", "amount"), max_digits=12, decimal_places=2)
    paid_at = models.DateTimeField(pgettext_lazy("field", "paid at"))
    posted_on = models.DateField(pgettext_lazy("field", "posted on"))
    posted_paid_at = models.DateTimeField(_("paid at, as reports know it"), null=True, blank=True)
    channel = models.CharField(
        pgettext_lazy("field", "channel"), max_length=12, choices=Channel.choices, default=Channel.STK
    )
    payer = models.CharField(_("name on M-PESA"), max_length=128, blank=True)
    payer_phone = models.CharField(pgettext_lazy("field", "paid from"), max_length=64, blank=True)
    bill_reference = OutsideTextField(pgettext_lazy("field", "reference"), blank=True)
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="receipts",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    meant_for = models.ForeignKey(
        "order.Order",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mpesa_receipts",
        verbose_name=pgettext_lazy("field", "meant for order"),
    )
    same_as = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.RESTRICT, related_name="+", verbose_name=_("same money as")
    )
    unallocated = models.DecimalField(
        pgettext_lazy("field", "unmatched amount"), max_digits=12, decimal_places=2, default=0
    )
    unmatched_reason = models.CharField(
        pgettext_lazy("field", "reason"), max_length=32, blank=True, choices=UnmatchedReason.choices
    )
    status = models.CharField(
        pgettext_lazy("field", "status"),
        max_length=12,
        choices=ReceiptStatus.choices,
        default=ReceiptStatus.UNMATCHED,
    )
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"))

    objects = models.Manager.from_queryset(ReceiptQuerySet)()

    class Meta:
        verbose_name = _("M-PESA receipt")
        verbose_name_plural = _("M-PESA receipts")
        default_permissions = ("view",)
        ordering = ["-id"]
        permissions = [
            ("match_receipt", _("Can match M-PESA money to an order")),
            ("resolve_receipt", _("Can resolve M-PESA money with a note")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["environment", "number"], name="mpesa_receipt_once"),
            models.UniqueConstraint(fields=["payment"], name="mpesa_receipt_payment"),
            check_constraint(Q(amount__gt=0), name="mpesa_receipt_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["environment", "posted_on"], name="mpesa_receipt_posted_on"),
            models.Index(fields=["paid_at", "id"], name="mpesa_receipt_list"),
            models.Index(fields=["status", "paid_at", "id"], name="mpesa_receipt_status"),
            models.Index(fields=["amount", "paid_at", "id"], name="mpesa_receipt_amount"),
        ]

    if TYPE_CHECKING:
        payment_id: int | None
        meant_for_id: int | None
        same_as_id: int | None

    def __str__(self) -> str:
        return f"M-PESA receipt {self.number or '…'}"

    @property
    def needs_decision(self) -> bool:
        """Return whether part of the money is not allocated, so that staff must decide."""
        return self.status in NEEDS_DECISION

    @property
    def is_of_right_amount(self) -> bool:
        """Return whether the amount is the one that its push asked for. Other money was not asked for."""
        payment: Any = self.payment
        return payment is None or Decimal(payment.amount) == self.amount
