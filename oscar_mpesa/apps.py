"""App config: extend the shop's status pipeline before models load, and its checkout once all apps are ready."""

from __future__ import annotations

import logging
from typing import Any

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from oscar.core.application import OscarDashboardConfig

from oscar_mpesa.daraja.redaction import ONE_LINE
from oscar_mpesa.dashboard.permissions import PERMISSIONS, SUPERUSERS


class MpesaConfig(OscarDashboardConfig):
    """Configure ``"oscar_mpesa"``, which may stand anywhere in ``INSTALLED_APPS``. Its URLs are the dashboard pages."""

    # Required: this module has two config classes, and Django would use neither of them.
    default = True
    name = label = "oscar_mpesa"
    verbose_name = _("M-PESA")
    default_auto_field = "django.db.models.BigAutoField"
    permissions_map = PERMISSIONS
    default_permissions = SUPERUSERS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from oscar_mpesa.oscar_adapter.order_status import extend_settings  # Oscar's models read the pipeline at import

        extend_settings()

    def ready(self) -> None:
        """Register the adapter, receivers and checks, and extend Oscar's pages. Raises ``AdapterMissing``."""
        from oscar_mpesa import checks, integration  # models are importable only now
        from oscar_mpesa.dashboard import navigation
        from oscar_mpesa.oscar_adapter import order_status, receivers
        from oscar_mpesa.services import removal
        from oscar_mpesa.services.ports import shop

        logging.getLogger("oscar_mpesa").addFilter(ONE_LINE)
        order_status.extend_model(self.apps.get_model("order", "Order"))
        self.register_adapter()
        receivers.connect()
        removal.connect(self)
        checks.register_all()
        integration.install()
        navigation.add_to_menu()
        shop()  # raises without an adapter, because payments could not be recorded

    def register_adapter(self) -> None:
        """Register the adapter for Oscar with the services."""
        from oscar_mpesa.oscar_adapter.adapter import OscarAdapter  # models are importable only in ready()
        from oscar_mpesa.services.ports import register_adapter

        register_adapter(OscarAdapter())

    def get_url_decorator(self, pattern: Any) -> Any:
        """Return Oscar's check of the permissions, with a page in words for staff who lack them."""
        from oscar_mpesa.dashboard.refusals import explain_refusal  # the views need the app registry

        protect, permissions = super().get_url_decorator(pattern), self.get_permissions(pattern.name)
        return lambda view: explain_refusal(protect(view), permissions)

    def get_urls(self) -> list[Any]:
        """Return the URLs of the dashboard pages, which ``integration`` mounts at ``dashboard/mpesa/``."""
        from oscar_mpesa.dashboard.urls import urlpatterns  # the views need the app registry

        copies = [URLPattern(each.pattern, each.callback, name=each.name) for each in urlpatterns]
        protected: list[Any] = self.post_process_urls(copies)
        return protected
