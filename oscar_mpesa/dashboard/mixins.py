"""The context that all pages share."""

from __future__ import annotations

from typing import Any

from django.views.generic.base import ContextMixin

from oscar_mpesa.access.staff_permissions import may_see_full_phones, may_see_turnover
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.navigation import tabs_for


class DashboardMixin(ContextMixin):
    """First base of each page's view; ``tab`` is the URL name of the page's tab."""

    tab = ""
    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ``tabs``, what the user may see, and ``is_test_shop`` for ``oscar_mpesa/dashboard/base.html``."""
        user = self.request.user
        context = {
            "tabs": tabs_for(user, current=self.tab),
            "shows_phones": may_see_full_phones(user),
            "shows_turnover": may_see_turnover(user),
            "is_test_shop": get_settings().is_test,
        }
        return {**super().get_context_data(**kwargs), **context}
