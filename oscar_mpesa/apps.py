"""The app's config: extends the shop's pipeline before models load, and joins its checkout once all apps are ready."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from oscar.core.application import OscarDashboardConfig

from oscar_mpesa.dashboard.permissions import PERMISSIONS, SUPERUSERS


class MpesaConfig(OscarDashboardConfig):
    """``"oscar_mpesa"`` in ``INSTALLED_APPS``, in any position; its own URLs are the desk in Oscar's dashboard."""

    # Without it Django finds two configs in this file and silently takes neither.
    default = True
    name = label = "oscar_mpesa"
    verbose_name = _("M-Pesa")
    default_auto_field = "django.db.models.BigAutoField"
    permissions_map = PERMISSIONS
    default_permissions = SUPERUSERS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from oscar_mpesa.oscar_adapter.order_status import extend_settings  # Oscar's models read the pipeline at import

        extend_settings()

    def ready(self) -> None:
        """Register the shop adapter, and connect the checks and the checkout; raise ``AdapterMissing`` without one."""
        from oscar_mpesa import checks, integration  # models are importable only now
        from oscar_mpesa.dashboard import navigation
        from oscar_mpesa.oscar_adapter import order_status, receivers
        from oscar_mpesa.services.ports import shop

        order_status.extend_model(self.apps.get_model("order", "Order"))
        self.register_adapter()
        receivers.connect()
        checks.register_all()
        integration.install()
        navigation.add_to_menu()
        shop()  # a shop whose books nobody writes must not take money

    def register_adapter(self) -> None:
        """Register Oscar's adapter with the services."""
        from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
        from oscar_mpesa.services.ports import register_adapter  # the models are importable only in ready()

        register_adapter(OscarAdapter())

    def get_urls(self) -> list[Any]:
        """The desk, which ``integration`` mounts as ``dashboard/mpesa/``."""
        from oscar_mpesa.dashboard.urls import urlpatterns  # the views need the app registry

        fresh = [URLPattern(each.pattern, each.callback, name=each.name) for each in urlpatterns]
        guarded: list[Any] = self.post_process_urls(fresh)
        return guarded
