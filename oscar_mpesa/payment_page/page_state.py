"""The states of the payment page, each with the heading that people read."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PaymentPageState(TextChoices):
    """The state of an order's payment as its page shows it. The label is the page's heading."""

    ENTER_PIN = "enter-pin", _("Enter your M-PESA PIN on the phone")
    CHECKING = "checking", _("We're checking with M-PESA")
    CONFIRMING = "confirming", _("We're confirming your payment")
    PAID = "paid", _("Paid. Thank you!")
    SURPLUS = "surplus", pgettext_lazy("label", "Paid twice")
    PART_PAID = "part-paid", _("This order is partly paid")
    MISMATCH = "mismatch", _("A different amount arrived")
    LATE = "late", _("Your payment arrived late")
    REVIEWED = "reviewed", _("The shop is reviewing your payment")
    CLOSED = "closed", _("This order is closed")
    UNANSWERED = "unanswered", _("No answer yet")
    WAIT = "wait", _("M-PESA asks you to wait")
    FAILED = "failed", _("The payment didn't go through")
    TO_PAY = "to-pay", _("Pay by M-PESA")
    UNPAID = "unpaid", _("This order isn't paid yet")
    NOT_WAITING = "not-waiting", _("Nothing to pay")
    RETURNED = "returned", _("The shop refunded your money")
    USED = "used", _("Your payment was used for another order")
    EXPLAINED = "explained", _("The shop has resolved your payment")

    @property
    def awaits_pin(self) -> bool:
        """Whether the prompt was sent a moment ago."""
        return self is PaymentPageState.ENTER_PIN

    @property
    def is_checking(self) -> bool:
        """Whether the prompt has been unanswered for longer than usual."""
        return self is PaymentPageState.CHECKING

    @property
    def is_confirming(self) -> bool:
        """Whether a success was reported that Safaricom has not confirmed yet."""
        return self is PaymentPageState.CONFIRMING

    @property
    def has_prompt(self) -> bool:
        """Whether a prompt is on a phone."""
        return self in {PaymentPageState.ENTER_PIN, PaymentPageState.CHECKING}

    @property
    def is_paid(self) -> bool:
        """Whether the order is paid, once or twice."""
        return self in {PaymentPageState.PAID, PaymentPageState.SURPLUS}

    @property
    def is_paid_once(self) -> bool:
        """Whether the order is paid and no other money came for it."""
        return self is PaymentPageState.PAID

    @property
    def is_paid_twice(self) -> bool:
        """Whether more money came for a paid order."""
        return self is PaymentPageState.SURPLUS

    @property
    def is_part_paid(self) -> bool:
        """Whether money pays a part of the order."""
        return self is PaymentPageState.PART_PAID

    @property
    def is_wrong_amount(self) -> bool:
        """Whether another amount than the prompt's waits for a decision."""
        return self is PaymentPageState.MISMATCH

    @property
    def shows_code(self) -> bool:
        """Whether the page shows the M-PESA code in a line of its own."""
        return self in {PaymentPageState.PAID, PaymentPageState.MISMATCH}

    @property
    def is_undecided(self) -> bool:
        """Whether a receipt awaits a decision by staff."""
        return self in {
            PaymentPageState.SURPLUS,
            PaymentPageState.MISMATCH,
            PaymentPageState.LATE,
            PaymentPageState.REVIEWED,
        }

    @property
    def is_decided(self) -> bool:
        """Whether staff refunded the money, resolved it, or used it for another order."""
        return self in {PaymentPageState.RETURNED, PaymentPageState.USED, PaymentPageState.EXPLAINED}

    @property
    def has_money(self) -> bool:
        """Whether money pays the order or awaits a decision, so that the shopper must not pay again."""
        return self is PaymentPageState.PAID or self.is_undecided

    @property
    def is_closed(self) -> bool:
        """Whether the order is closed without money."""
        return self is PaymentPageState.CLOSED

    @property
    def is_failed(self) -> bool:
        """Whether the last payment failed and another one may be started at once."""
        return self is PaymentPageState.FAILED

    @property
    def is_unanswered(self) -> bool:
        """Whether the last prompt got no answer, and Safaricom has named no result."""
        return self is PaymentPageState.UNANSWERED

    @property
    def has_reason(self) -> bool:
        """Whether the heading says why the last payment ended."""
        return self in {PaymentPageState.FAILED, PaymentPageState.UNANSWERED, PaymentPageState.WAIT}

    @property
    def is_unpaid(self) -> bool:
        """Whether the order awaits payment because its money was used elsewhere."""
        return self is PaymentPageState.UNPAID

    @property
    def is_not_waiting(self) -> bool:
        """Whether the order awaits no payment by M-PESA."""
        return self is PaymentPageState.NOT_WAITING

    @property
    def is_ended(self) -> bool:
        """Whether the last payment ended, and the order can still be paid."""
        return self in {
            PaymentPageState.FAILED,
            PaymentPageState.UNANSWERED,
            PaymentPageState.WAIT,
            PaymentPageState.UNPAID,
            PaymentPageState.PART_PAID,
        }

    @property
    def is_to_pay(self) -> bool:
        """Whether the reader came by a payment link and has not started a payment."""
        return self is PaymentPageState.TO_PAY

    @property
    def is_payable(self) -> bool:
        """Whether a prompt is on its way, or another one may be sent."""
        return self.is_ended or self.has_prompt or self.is_to_pay

    @property
    def is_open(self) -> bool:
        """Whether the page keeps checking for a change."""
        return self.has_prompt or self.is_confirming

    @property
    def may_get_late_sms(self) -> bool:
        """Whether M-PESA's SMS may still be on its way."""
        return self in {PaymentPageState.CHECKING, PaymentPageState.UNANSWERED}

    @property
    def is_restorable(self) -> bool:
        """Whether the lines of a closed order may go back to a basket."""
        return self.is_closed or self.is_decided
