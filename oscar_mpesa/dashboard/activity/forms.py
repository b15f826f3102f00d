"""The filters of the activity page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import pgettext_lazy

from oscar_mpesa.dashboard.dates import FilterDayField
from oscar_mpesa.models import EventType
from oscar_mpesa.services.authorization import name_of

_ANY = ("", pgettext_lazy("label", "Any"))

#: The most people in the list of names.
MOST_PEOPLE = 200

#: What staff do. The rest happens by itself, or customers do it.
ACTIONS = (
    EventType.PUSH_REQUESTED,
    EventType.QUERY_REQUESTED,
    EventType.CALLBACK_REPROCESSED,
    EventType.MESSAGE_RESENT,
    EventType.ORDER_CLOSED,
    EventType.PAY_LINK_REVOKED,
    EventType.PHONE_BLOCKED,
    EventType.PHONE_UNBLOCKED,
    EventType.RECEIPT_MATCHED,
    EventType.ALLOCATION_REVERSED,
    EventType.ALLOCATION_MOVED,
    EventType.RECEIPT_RESOLVED,
    EventType.RESOLUTION_UNDONE,
    EventType.CLAIM_RECORDED,
    EventType.CLAIM_WITHDRAWN,
    EventType.REFUND_RECORDED,
    EventType.REFUND_VOIDED,
    EventType.ROLE_GIVEN,
    EventType.ROLE_TAKEN,
)


class ActivityFilterForm(forms.Form):
    """Filters by person, day and action; days are in Nairobi, both included. ``before`` ended the previous page."""

    person = forms.ChoiceField(required=False, label=pgettext_lazy("label", "Person"))
    action = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("label", "Action"),
        choices=[_ANY, *[(each.value, each.label) for each in ACTIONS]],
    )
    since = FilterDayField(label=pgettext_lazy("label", "From day"))
    until = FilterDayField(label=pgettext_lazy("label", "To day"))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = get_user_model()._default_manager.filter(is_staff=True).order_by("pk")[:MOST_PEOPLE]
        choices: Any = [_ANY, *[(str(each.pk), name_of(each)) for each in staff]]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]
        for field in self.visible_fields():
            field.field.widget.attrs["class"] = "form-control"
