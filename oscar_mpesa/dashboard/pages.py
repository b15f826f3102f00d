"""What every page of the desk has: its tabs, and whether this person sees phone numbers in full."""

from __future__ import annotations

from typing import Any

from django.views.generic.base import ContextMixin

from oscar_mpesa.dashboard.navigation import tabs_for
from oscar_mpesa.dashboard.permissions import FULL_PHONE


class DeskMixin(ContextMixin):
    """First base of a page's view; ``tab`` names the URL whose tab is lit."""

    tab = ""
    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """``tabs`` and ``shows_phones`` for ``oscar_mpesa/dashboard/base.html``."""
        user = self.request.user
        here = {"tabs": tabs_for(user, current=self.tab), "shows_phones": user.has_perm(FULL_PHONE)}
        return {**super().get_context_data(**kwargs), **here}
