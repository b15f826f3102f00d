"""Read-only admin pages for support, without secrets.

Users without ``view_full_phone`` see the last three digits of phone numbers, and no callback bodies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import PRODUCTION, SANDBOX, SIMULATED
from oscar_mpesa.daraja.redaction import redact, redact_body
from oscar_mpesa.models import (
    MpesaApiCall,
    MpesaBlockedPhone,
    MpesaCallback,
    MpesaEvent,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
)
from oscar_mpesa.reports.pagination import CappedPaginator

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Model]
else:
    Base = admin.ModelAdmin

#: Limit of the rows that a search finds by one field.
MOST_RESULTS = 100

#: All environments: the unique index of M-PESA codes begins with the environment.
ENVIRONMENTS = (PRODUCTION, SANDBOX, SIMULATED)


class AdminPaginator(CappedPaginator):
    """A paginator that counts and shows at most 5,000 rows."""

    counted = reachable = 5_000


def masked(name: str, label: Any) -> Callable[[Any, Any], str]:
    """Return a column that shows a field with masked phone numbers."""

    @admin.display(description=label)
    def column(self: Any, row: Any) -> str:
        value = getattr(row, name) or ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return redact(text) or self.get_empty_value_display()

    return column


class ReadOnlyAdmin(Base):
    """A read-only admin that masks the fields in ``MASKED`` for users who may not see phones."""

    actions = None
    paginator = AdminPaginator
    show_full_result_count = False
    list_per_page = 50

    MASKED: tuple[str, ...] = (
        "phone",
        "payer",
        "checkout_request_id",
        "result_description",
        "error",
        "params",
        "note",
        "request",
        "reply",
        "returned_reference",
    )
    masked_phone = masked("phone", pgettext_lazy("field", "phone"))
    masked_payer = masked("payer", _("name on M-PESA"))
    masked_checkout_request_id = masked("checkout_request_id", pgettext_lazy("field", "checkout id"))
    masked_result_description = masked("result_description", _("result in Safaricom's words"))
    masked_error = masked("error", pgettext_lazy("field", "error"))
    masked_params = masked("params", pgettext_lazy("event", "details"))
    masked_note = masked("note", pgettext_lazy("field", "note"))
    masked_detail = masked("detail", pgettext_lazy("field", "detail"))
    masked_request = masked("request", pgettext_lazy("field", "request"))
    masked_reply = masked("reply", pgettext_lazy("field", "reply"))
    masked_returned_reference = masked("returned_reference", pgettext_lazy("field", "refund reference"))

    #: Fields to search for exactly the typed value, with extra lookups; the second only for users who may see phones.
    searched: Mapping[str, Mapping[str, Any]] = {}
    searched_in_full: Mapping[str, Mapping[str, Any]] = {}

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Return False, because only the services add rows."""
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Return False, because staff act in Oscar's dashboard."""
        return False

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Return False, because the rows are an audit."""
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Allow only the filters of the list; other lookups would reveal phones and secrets digit by digit."""
        return lookup.partition("__")[0] in self.list_filter

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns, masked unless permitted."""
        return self._as_permitted(request, self.list_display)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return the fields, masked unless permitted."""
        return self._as_permitted(request, self.fields or ())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return all fields."""
        return self.get_fields(request, obj)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Return the search fields; users who may not see phones may not search by them."""
        return [*self.searched, *(self.searched_in_full if may_see_full_phones(request.user) else ())]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Return rows that have exactly the typed value in a search field, with one indexed query for each field."""
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        lookups = {**self.searched, **self.searched_in_full}
        ids: set[Any] = set()
        for path in self.get_search_fields(request):
            rows = self.model._default_manager.filter(**{path: term}, **lookups[path])
            ids |= set(rows.values_list("pk", flat=True)[:MOST_RESULTS])
        return queryset.filter(pk__in=ids), False

    def _as_permitted(self, request: HttpRequest, names: Any) -> list[Any]:
        if may_see_full_phones(request.user):
            return list(names)
        return [f"masked_{name}" if name in self.MASKED else name for name in names]


@admin.register(MpesaOrder)
class MpesaOrderAdmin(ReadOnlyAdmin):
    """Orders, their deadlines and their closure."""

    list_display = ("order", "environment", "created_at", "pay_before", "closed_at", "close_reason")
    list_filter = ("environment", "close_reason")
    list_select_related = ("order",)
    fields = (*list_display, "pay_later_at", "basket_restored_at", "result_seen_at", "language", "address")
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
            "on_hold",
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

    list_display = ("id", "number", "amount", "order", "allocation", "paid_at", "environment")
    list_filter = ("environment", "allocation", "source")
    list_select_related = ("order",)
    fields = (
        *list_display[1:],
        *("payer", "source", "payment", "allocated_at", "allocated_by_name", "booked_at", "reason", "error", "same_as"),
        *("returned_at", "returned_amount", "returned_reference", "note", "created_at"),
    )
    searched = {"number": {"environment__in": ENVIRONMENTS}, "order__number": {}}


@admin.register(MpesaCallback)
class MpesaCallbackAdmin(ReadOnlyAdmin):
    """Callbacks, with their bodies for users who may see phones."""

    list_display = ("id", "received_at", "verdict", "address", "payment", "environment")
    list_filter = ("environment", "verdict")
    MASKED = ("detail",)
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
    fields = (*list_display[1:], "payment", "receipt", "reserved_at", "error")
    searched = {"mpesa_order__order__number": {}}


@admin.register(MpesaBlockedPhone)
class MpesaBlockedPhoneAdmin(ReadOnlyAdmin):
    """Phones that get no prompts."""

    list_display = ("id", "phone", "by_name", "created_at")
    fields = (*list_display[1:], "note")
    searched_in_full = {"phone": {}}
