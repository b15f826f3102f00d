"""The set-up page: the settings, the findings, and a check with Safaricom."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from oscar_mpesa.access.callback_path import callback_path
from oscar_mpesa.access.staff_permissions import ACT
from oscar_mpesa.alerts.readiness import readiness
from oscar_mpesa.checkout_check.run import run_checkout_check
from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.callback_addresses import host_of, is_private_host
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.readiness import readiness_line
from oscar_mpesa.setup_check.findings import Finding
from oscar_mpesa.setup_check.run import run_local_checks, run_setup_check
from oscar_mpesa.setup_check.settings import setting_rows
from oscar_mpesa.setup_check.steps import steps


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class SetupView(DashboardMixin, TemplateView):
    """GET checks the settings only. POST also checks with Safaricom and the callback URL, or checks the checkout."""

    template_name = "oscar_mpesa/dashboard/setup/setup.html"
    tab = "mpesa-setup"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Run the check that the button names, for users who may act. It charges nobody and changes no orders."""
        if request.POST.get("check") == "checkout":
            found = run_checkout_check(by=request.user, host=request.get_host(), is_secure=request.is_secure())
            return self.render_to_response(self.get_context_data(checkout_findings=found))
        checked = run_setup_check(timezone.now(), by=request.user)
        return self.render_to_response(self.get_context_data(checked=checked))

    def get_context_data(
        self,
        *,
        checked: list[Finding] | None = None,
        checkout_findings: list[Finding] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Add the findings, the worst first; ``is_tried`` tells whether they come from the full check."""
        now = timezone.now()
        findings = run_local_checks(now) if checked is None else checked
        context: dict[str, Any] = {
            "readiness": readiness_line(readiness(now), now),
            "findings": findings,
            "checkout_findings": checkout_findings,
            "steps": steps(findings, hooks=self._callback_url(), is_tried=checked is not None),
            "is_tried": checked is not None,
            "may_try": self.request.user.has_perm(ACT),
            "mpesa": get_settings(),
            "shown": setting_rows(),
        }
        context["is_live"] = all(step.is_done for step in context["steps"])
        return {**super().get_context_data(**kwargs), **context}

    def _callback_url(self) -> str:
        """Return the shop's callback URL if its host is public; else an example."""
        host = self.request.get_host()
        public_host = "www.your-shop.example" if is_private_host(host_of(f"//{host}")) else host
        return f"https://{public_host}{callback_path()}"
