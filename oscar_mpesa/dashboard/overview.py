"""The first page of the desk: is M-Pesa offered, what needs somebody, and what came in."""

from __future__ import annotations

from django.views.generic import TemplateView

from oscar_mpesa.dashboard.pages import DeskMixin


class OverviewView(DeskMixin, TemplateView):
    """What a shopkeeper looks at first."""

    template_name = "oscar_mpesa/dashboard/overview.html"
    tab = "mpesa-overview"
