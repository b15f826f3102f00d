"""Who did what: one row for each action of staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from oscar_mpesa.dashboard.activity.forms import ActivityFilterForm
from oscar_mpesa.dashboard.activity.queries import activity_page
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.payments.event_links import TimelineLink, event_links
from oscar_mpesa.dashboard.payments.event_sentences import sentence
from oscar_mpesa.dashboard.viewer import Viewer, viewer_of
from oscar_mpesa.models import MpesaEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRow:
    """One action, with phone numbers masked unless the user may see them."""

    at: datetime
    by: str
    what: str
    detail: str
    links: list[TimelineLink]


class ActivityView(DashboardMixin, TemplateView):
    """What staff did, newest first."""

    template_name = "oscar_mpesa/dashboard/activity/list.html"
    tab = "mpesa-activity"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the filtered page; an invalid filter shows its errors and no rows."""
        form, viewer = ActivityFilterForm(self.request.GET), viewer_of(self.request.user)
        page = activity_page(form.cleaned_data) if form.is_valid() else None
        older = {**self.request.GET.dict(), "before": page.older} if page and page.older else None
        return super().get_context_data(
            form=form,
            is_valid=page is not None,
            rows=[_row(event, viewer) for event in page.rows] if page else [],
            is_filtered=any(self.request.GET.get(name) for name in form.fields),
            older=urlencode(older) if older else "",
            **kwargs,
        )


def _row(event: MpesaEvent, viewer: Viewer) -> ActivityRow:
    return ActivityRow(
        at=event.created_at,
        by=viewer.mask(event.by_name),
        what=event.get_type_display(),
        detail=viewer.mask(sentence(event)),
        links=[*_subject_links(event), *event_links(event, user=viewer.user)],
    )


def _subject_links(event: MpesaEvent) -> Iterator[TimelineLink]:
    """Yield the payment that the event is about, named by its order."""
    if event.payment is not None and event.mpesa_order is not None:
        label = pgettext("label", "payment for order %(number)s") % {"number": event.mpesa_order.order.number}
        yield TimelineLink(label=label, href=reverse("dashboard:mpesa-payment", args=[event.payment.pk]))
