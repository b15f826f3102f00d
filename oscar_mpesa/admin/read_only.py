"""The read-only admin page that all tables share, with masked phone numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.access.phone_search import is_hidden_number
from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.reports.pagination import CappedPaginator

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Model]
else:
    Base = admin.ModelAdmin

#: Limit of the rows that a search finds by one field.
MOST_RESULTS = 100


_NOT_SEARCHED = _(
    "You cannot search for phones here, because you may not see full numbers. Search the payments in the shop's "
    "dashboard by a phone's last three digits."
)


class AdminPaginator(CappedPaginator):
    """A paginator that counts and shows at most 5,000 rows."""

    counted = reachable = 5_000


#: Fields with text from outside or from people, which may contain a phone number; with their labels.
MASKED: Mapping[str, Any] = {
    "phone": pgettext_lazy("field", "phone"),
    "payer": _("name on M-PESA"),
    "payer_phone": pgettext_lazy("field", "paid from"),
    "bill_reference": pgettext_lazy("field", "reference"),
    "seen_in": _("where it was seen"),
    "checkout_request_id": pgettext_lazy("field", "checkout id"),
    "result_description": _("result in Safaricom's words"),
    "error": pgettext_lazy("field", "error"),
    "params": pgettext_lazy("event", "details"),
    "note": pgettext_lazy("field", "note"),
    "reversal_note": pgettext_lazy("field", "note of the reversal"),
    "void_note": pgettext_lazy("field", "reason of voiding"),
    "detail": pgettext_lazy("field", "detail"),
    "request": pgettext_lazy("field", "request"),
    "reply": pgettext_lazy("field", "reply"),
    "code": pgettext_lazy("field", "refund reference"),
    "end_note": _("why it was withdrawn"),
    "by_name": pgettext_lazy("field", "by"),
    "ended_by_name": pgettext_lazy("field", "ended by"),
    "requested_by_name": pgettext_lazy("field", "requested by"),
    "reversed_by_name": pgettext_lazy("field", "reversed by"),
    "voided_by_name": pgettext_lazy("field", "voided by"),
}


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
        """Return rows that have exactly the typed value in a search field, with one indexed query for each field.

        A value that the user sees masked is not found.
        """
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        lookups, shows_phones = {**self.searched, **self.searched_in_full}, may_see_full_phones(request.user)
        ids: set[Any] = set()
        for path in self.get_search_fields(request):
            rows = self.model._default_manager.filter(**{path: term}, **lookups[path])
            found = rows.values_list("pk", path)[:MOST_RESULTS]
            ids |= {pk for pk, value in found if shows_phones or path not in MASKED or redact(value) == value}
        if self.searched_in_full and not ids and not shows_phones and is_hidden_number(term):
            self.message_user(request, _NOT_SEARCHED, messages.WARNING)
        return queryset.filter(pk__in=ids), False

    def _as_permitted(self, request: HttpRequest, names: Any) -> list[Any]:
        if may_see_full_phones(request.user):
            return list(names)
        return [f"masked_{name}" if name in MASKED else name for name in names]


for _name, _label in MASKED.items():
    setattr(ReadOnlyAdmin, f"masked_{_name}", masked(_name, _label))
