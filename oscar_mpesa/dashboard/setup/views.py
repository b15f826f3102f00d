"""The set-up page: what is set, what is wrong, and a button that tries it for real."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from oscar_mpesa.access.callback_path import callback_path
from oscar_mpesa.access.staff_permissions import ACT
from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.callback_addresses import host_of, is_private_host
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.setup_check.run import run_local_checks, run_setup_check
from oscar_mpesa.setup_check.settings import setting_rows
from oscar_mpesa.setup_check.steps import steps


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class SetupView(DashboardMixin, TemplateView):
    """GET says what can be said at once; POST asks Safaricom and the shop's own callback address too."""

    template_name = "oscar_mpesa/dashboard/setup/setup.html"
    tab = "mpesa-setup"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Try it; for those who may act. Nobody is charged, and nothing of the shop's is changed."""
        if not self.request.user.has_perm(ACT):
            raise PermissionDenied(ACT)
        return self.render_to_response(self.get_context_data(tried=run_setup_check(timezone.now())))

    def get_context_data(self, *, tried: Any = None, **kwargs: Any) -> dict[str, Any]:
        """``findings``, the worst first; ``is_tried`` if they are those of a real try."""
        findings = run_local_checks(timezone.now()) if tried is None else tried
        here: dict[str, Any] = {
            "findings": findings,
            "steps": steps(findings, hooks=self._hooks(), is_tried=tried is not None),
            "is_tried": tried is not None,
            "may_try": self.request.user.has_perm(ACT),
            "mpesa": get_settings(),
            "shown": setting_rows(),
        }
        here["is_live"] = all(step.is_done for step in here["steps"])
        return {**super().get_context_data(**kwargs), **here}

    def _hooks(self) -> str:
        """Where Safaricom would call back, if the shop is looked at by a public address; else an example."""
        host = self.request.get_host()
        known = "www.your-shop.example" if is_private_host(host_of(f"//{host}")) else host
        return f"https://{known}{callback_path()}"
