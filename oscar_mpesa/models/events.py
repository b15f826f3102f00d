"""Store the audit trail of payments, orders, receipts and blocked phones."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models.orders import MpesaOrder
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt


class EventType(models.TextChoices):
    """What happened. A payment's timeline shows the labels."""

    PAYMENT_SETTLED = "payment_settled", pgettext_lazy("choice", "Payment ended")
    UPDATE_IGNORED = "update_ignored", _("An update changed nothing")
    UPDATE_NOT_VERIFIED = "update_not_verified", _("An update could not be verified")
    SUCCESS_UNCONFIRMED = "success_unconfirmed", _("A callback reports money; Safaricom has to confirm it")
    RESULT_NAMED = "result_named", _("Safaricom named the result after the payment had expired")
    QUERY_REQUESTED = "query_requested", _("Status check requested")
    QUERY_UNANSWERED = "query_unanswered", _("The status check got no answer")
    PUSH_REQUESTED = "push_requested", pgettext_lazy("choice", "Prompt requested")
    PUSH_UNANSWERED = "push_unanswered", _("Safaricom did not answer; the prompt may be on the phone")
    PUSH_ID_REPEATED = "push_id_repeated", _("Safaricom repeated the id of another payment")
    CALLBACK_REPROCESSED = "callback_reprocessed", _("Callback processed again")
    MESSAGE_RESENT = "message_resent", _("Notification to be sent again")
    ORDER_CLOSED = "order_closed", pgettext_lazy("choice", "Order closed")
    ORDER_REOPENED = "order_reopened", _("Order reopened, because money arrived")
    ORDER_CANCELED_PAID = "order_canceled_paid", _("Order canceled after it was paid")
    BASKET_RESTORED = "basket_restored", _("Items put back in the basket")
    RESULT_UNKNOWN = "result_unknown", _("Safaricom never sent the result of a prompt")
    PAY_LATER_CHOSEN = "pay_later_chosen", _("The customer pays later")
    PAY_LINK_CREATED = "pay_link_created", _("Payment link made")
    PAY_LINK_REVOKED = "pay_link_revoked", _("Payment link revoked")
    PHONE_BLOCKED = "phone_blocked", _("No more prompts to this number")
    PHONE_UNBLOCKED = "phone_unblocked", _("Prompts to this number are allowed again")
    ORDER_PAID = "order_paid", pgettext_lazy("choice", "Order paid")
    ORDER_UNPAID = "order_unpaid", _("Order no longer paid")
    RECEIPT_UNMATCHED = "receipt_unmatched", _("Money waits for a decision")
    RECEIPT_MATCHED = "receipt_matched", _("Money matched to an order")
    ALLOCATION_REVERSED = "allocation_reversed", _("Money no longer counts for the order")
    ALLOCATION_MOVED = "allocation_moved", _("Money moved from one order to another")
    RECEIPT_RESOLVED = "receipt_resolved", _("Money resolved with a note")
    RESOLUTION_UNDONE = "resolution_undone", _("Resolving with a note undone")
    RECEIPT_CODE_ADDED = "receipt_code_added", _("M-PESA code added")
    RECEIPT_CODE_CONFLICT = "receipt_code_conflict", _("M-PESA code of another payment")
    RECEIPT_AMOUNT_CONFLICT = "receipt_amount_conflict", _("Safaricom reported another amount")
    CLAIM_RECORDED = "claim_recorded", _("Payment recorded by hand")
    CLAIM_CONFIRMED = "claim_confirmed", _("Recorded payment confirmed by Safaricom")
    CLAIM_WITHDRAWN = "claim_withdrawn", _("Recorded payment withdrawn")
    NOTE_ADDED = "note_added", pgettext_lazy("choice", "Note")
    REFUND_RECORDED = "refund_recorded", pgettext_lazy("choice", "Refund recorded")
    REFUND_VOIDED = "refund_voided", pgettext_lazy("choice", "Refund voided")
    ROLE_GIVEN = "role_given", pgettext_lazy("choice", "Role given")
    ROLE_TAKEN = "role_taken", pgettext_lazy("choice", "Role taken away")


class EventReason(models.TextChoices):
    """Why an update or a status check changed nothing."""

    ALREADY_FINAL = "already_final", _("the payment had already ended")
    OTHER_PAYMENT = "other_payment", _("the update names another payment")
    NOT_FINAL = "not_final", _("the update is not final")
    SENT_MEANWHILE = "sent_meanwhile", _("the prompt was sent meanwhile")
    UNKNOWN_CODE = "unknown_code", _("the result code is unknown")


class UpdateSource(models.TextChoices):
    """Where an update of a payment comes from."""

    CALLBACK = "callback", _("Safaricom's callback")
    QUERY = "query", _("Safaricom's answer to a status check")
    PUSH = "push", _("Safaricom's reply to the STK push")
    CLOCK = "clock", pgettext_lazy("choice", "our clock")


class MpesaEvent(models.Model):
    """One line of an order's timeline.

    ``params`` holds codes, ids, enum values, amounts as strings, and the ``note`` that a person typed. The
    interfaces write the sentences.
    """

    mpesa_order = models.ForeignKey(
        MpesaOrder,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        verbose_name=pgettext_lazy("field", "order"),
    )
    payment = models.ForeignKey(
        MpesaPayment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        verbose_name=pgettext_lazy("field", "payment"),
    )
    receipt = models.ForeignKey(
        MpesaReceipt,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        verbose_name=pgettext_lazy("field", "receipt"),
    )
    type = models.CharField(pgettext_lazy("event", "type"), max_length=32, choices=EventType.choices)
    params = models.JSONField(pgettext_lazy("event", "details"), default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(pgettext_lazy("field", "by"), max_length=150, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("field", "created at"), db_index=True)
    #: When staff did it; empty for what customers, Safaricom and the app did.
    acted_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        verbose_name = _("M-PESA event")
        verbose_name_plural = _("M-PESA events")
        default_permissions = ("view",)
        ordering = ["id"]
        indexes = [
            models.Index(fields=["type", "created_at"], name="mpesa_event_type"),
            models.Index(fields=["by", "acted_at"], name="mpesa_event_by"),
            models.Index(fields=["type", "acted_at"], name="mpesa_event_type_by_staff"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.params.get('before', '')} → {self.params.get('after', '')}".strip(" →")
