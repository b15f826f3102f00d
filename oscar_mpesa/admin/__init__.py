"""Read-only admin pages for support, without secrets.

Users without ``view_full_phone`` see the last three digits of phone numbers, and no callback bodies.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import pgettext_lazy

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.admin.read_only import ReadOnlyAdmin
from oscar_mpesa.conf import PRODUCTION, SANDBOX, SIMULATED
from oscar_mpesa.daraja.redaction import redact_body
from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaApiCall,
    MpesaBlockedPhone,
    MpesaCallback,
    MpesaClaim,
    MpesaEvent,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaPushAttempt,
    MpesaReceipt,
    MpesaRefund,
)

#: All environments: the unique index of M-PESA codes begins with the environment.
ENVIRONMENTS = (PRODUCTION, SANDBOX, SIMULATED)


@admin.register(MpesaOrder)
class MpesaOrderAdmin(ReadOnlyAdmin):
    """Orders, their deadlines and their closure."""

    list_display = ("order", "environment", "created_at", "pay_before", "closed_at", "close_reason")
    list_filter = ("environment", "close_reason")
    list_select_related = ("order",)
    fields = (
        *list_display,
        *("balance", "is_paid", "paid_at", "unpaid_since", "part_paid_at"),
        "close_check_at",
        "close_failures",
        "close_failing_since",
        "pay_later_at",
        "basket_restored_at",
        "result_seen_at",
        "language",
        "address",
    )
    searched = {"order__number": {}}


@admin.register(MpesaPayment)
class MpesaPaymentAdmin(ReadOnlyAdmin):
    """Payments, without their secrets."""

    list_display = ("id", "mpesa_order", "phone", "amount", "status", "result_code", "environment", "created_at")
    list_filter = ("environment", "status")
    fields = (
        *list_display[1:],
        *(
            "result_description",
            "rounding",
            "shortcode",
            "till",
            "merchant_request_id",
            "checkout_request_id",
        ),
        *("push_sent_at", "ended_at", "completed_at", "next_query_at", "query_count", "not_paid_at"),
    )
    searched = {"mpesa_order__order__number": {}, "receipts__number": {"receipts__environment__in": ENVIRONMENTS}}
    searched_in_full = {"phone": {}, "checkout_request_id": {}}


@admin.register(MpesaReceipt)
class MpesaReceiptAdmin(ReadOnlyAdmin):
    """Receipts."""

    list_display = ("id", "number", "amount", "meant_for", "status", "unallocated", "paid_at", "environment")
    list_filter = ("environment", "status", "channel")
    list_select_related = ("meant_for",)
    fields = (
        *list_display[1:],
        *("unmatched_reason", "payer", "payer_phone", "channel", "bill_reference", "shortcode", "payment", "same_as"),
        *("posted_on", "created_at"),
    )
    searched = {"number": {"environment__in": ENVIRONMENTS}, "meant_for__number": {}}


_ENDED = ("ended_at", "ended_on", "ended_by_name", "end_note")


@admin.register(MpesaClaim)
class MpesaClaimAdmin(ReadOnlyAdmin):
    """Payments that staff recorded."""

    list_display = ("id", "number", "amount", "order", "status", "paid_at", "environment")
    list_filter = ("environment", "status")
    list_select_related = ("order",)
    fields = (*list_display[1:], "receipt", "seen_in", "by_name", "created_at", "posted_on", *_ENDED)
    searched = {"number": {"environment__in": ENVIRONMENTS}, "order__number": {}}


@admin.register(MpesaAllocation)
class MpesaAllocationAdmin(ReadOnlyAdmin):
    """What counts for which order, reversed entries too."""

    list_display = ("id", "receipt", "claim", "order", "amount", "reason", "posted_on", "reversed_on")
    list_filter = ("reason", "reversal_reason")
    list_select_related = ("receipt", "claim", "order")
    fields = (
        *list_display[1:],
        *("note", "by_name", "created_at", "reversed_at", "reversed_by_name", "reversal_reason", "reversal_note"),
        *("booked_at", "reversal_booked_at", "tries", "next_try_at", "error"),
    )
    searched = {"receipt__number": {}, "order__number": {}}


@admin.register(MpesaRefund)
class MpesaRefundAdmin(ReadOnlyAdmin):
    """Money that goes back to payers."""

    list_display = ("id", "receipt", "amount", "purpose", "method", "status", "posted_on")
    list_filter = ("status", "method", "purpose")
    list_select_related = ("receipt",)
    fields = (
        *list_display[1:],
        *("allocation", "code", "happened_at", "note", "requested_at", "requested_by_name"),
        *("voided_on", "voided_by_name", "void_note"),
    )
    searched = {"receipt__number": {}, "code": {}}


@admin.register(MpesaCallback)
class MpesaCallbackAdmin(ReadOnlyAdmin):
    """Callbacks, with their bodies for users who may see phones."""

    list_display = ("id", "received_at", "verdict", "address", "payment", "environment")
    list_filter = ("environment", "verdict")
    fields = (*list_display[1:], "reason", "detail", "suppressed", "tries", "raw_body")
    searched = {"payment__mpesa_order__order__number": {}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return callbacks without their bodies, which only the page of one callback reads."""
        return super().get_queryset(request).defer("body")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the fields, without the body for users who may not see phones."""
        fields = super().get_fields(request, obj)
        return fields if may_see_full_phones(request.user) else [name for name in fields if name != "raw_body"]

    @admin.display(description=pgettext_lazy("field", "callback body"))
    def raw_body(self, row: Any) -> str:
        """Return the body without the payment's secret."""
        return redact_body(bytes(row.body), shows_phones=True, secret=row.payment.secret if row.payment else "")


@admin.register(MpesaApiCall)
class MpesaApiCallAdmin(ReadOnlyAdmin):
    """Calls to Safaricom's API, stored without secrets."""

    list_display = (
        "id",
        "created_at",
        "endpoint",
        "http_status",
        "milliseconds",
        "error_kind",
        "payment",
        "environment",
    )
    list_filter = ("environment", "endpoint", "error_kind")
    fields = (*list_display[1:], "shortcode", "request", "reply", "error")
    searched = {"payment__mpesa_order__order__number": {}}


@admin.register(MpesaEvent)
class MpesaEventAdmin(ReadOnlyAdmin):
    """Audit events."""

    list_display = ("id", "created_at", "type", "params", "by_name", "mpesa_order", "payment")
    fields = (*list_display[1:], "receipt")
    searched = {"mpesa_order__order__number": {}}


@admin.register(MpesaOutboxMessage)
class MpesaOutboxMessageAdmin(ReadOnlyAdmin):
    """Emails and signals to deliver, with their errors."""

    list_display = ("id", "kind", "mpesa_order", "due_at", "delivered_at", "tries")
    list_filter = ("kind",)
    fields = (*list_display[1:], "payment", "receipt", "reserved_at", "skip_reason", "error")
    searched = {"mpesa_order__order__number": {}}


@admin.register(MpesaBlockedPhone)
class MpesaBlockedPhoneAdmin(ReadOnlyAdmin):
    """Phones that get no prompts."""

    list_display = ("id", "phone", "by_name", "created_at")
    fields = (*list_display[1:], "note")
    searched_in_full = {"phone": {}}


@admin.register(MpesaPushAttempt)
class MpesaPushAttemptAdmin(ReadOnlyAdmin):
    """Tries to send a prompt, with the limit that refused them."""

    list_display = ("id", "created_at", "mpesa_order", "phone", "refused_by", "address", "environment")
    list_filter = ("environment", "refused_by")
    list_select_related = ("mpesa_order",)
    fields = list_display[1:]
    searched = {"mpesa_order__order__number": {}}
