"""The filters of the callback list."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.dashboard.dates import DayInput, FilterDayField
from oscar_mpesa.models import Verdict


class CallbackFilterForm(forms.Form):
    """Filters by verdict and by day; ``before`` is the id that ended the previous page."""

    verdict = forms.ChoiceField(
        label=pgettext_lazy("label", "Result"), required=False, choices=[("", _("all of them")), *Verdict.choices]
    )
    day = FilterDayField(label=pgettext_lazy("label", "Day"), widget=DayInput(attrs={"class": "form-control"}))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
