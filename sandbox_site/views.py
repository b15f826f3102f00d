"""The shop's front page, and the emails of the demo."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.generic import TemplateView, View
from oscar.core.loading import get_model

from oscar_mpesa.checkout.reminders import MpesaReminderMixin
from sandbox_site.mailbox import find_email, is_readable, stored_emails

#: Number of products on the front page.
MAX_PRODUCTS = 8


class HomeView(MpesaReminderMixin, TemplateView):
    """Show the site's offers, products in stock and the reminder of an unpaid order."""

    template_name = "sandbox_site/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add products and offers."""
        products = get_model("catalogue", "Product").objects.browsable().base_queryset()
        in_stock = products.filter(stockrecords__num_in_stock__gt=0).order_by("pk")
        offers = get_model("offer", "ConditionalOffer").active.filter(offer_type="Site")
        return super().get_context_data(products=in_stock[:MAX_PRODUCTS], offers=offers, **kwargs)


class MailboxView(TemplateView):
    """Show the newest emails that the shop would have sent. Answers 404 unless it keeps them, with ``DEBUG`` only."""

    template_name = "sandbox_site/mailbox.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the emails."""
        if not is_readable():
            raise Http404
        return super().get_context_data(emails=stored_emails(), **kwargs)


class StoredEmailView(View):
    """Show the HTML of one email, without scripts, forms and files of others."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Return the HTML. Answers 404 like the mailbox, and for an email without HTML."""
        found = find_email(name) if is_readable() else None
        if found is None or not found.html:
            raise Http404
        policy = "sandbox allow-popups allow-top-navigation; default-src 'none'; style-src 'unsafe-inline'; img-src *"
        return HttpResponse(found.html, headers={"Content-Security-Policy": policy})
