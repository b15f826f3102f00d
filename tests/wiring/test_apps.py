"""The app works with one line in ``INSTALLED_APPS``."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.conf import settings as shop_settings
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from oscar.apps.order.signals import order_status_changed

import oscar_mpesa
from oscar_mpesa import checks
from oscar_mpesa.apps import MpesaConfig
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services.ports import AdapterMissing, replaced_adapter, shop


class ConfigWithoutAdapter(MpesaConfig):
    """A config that registers no adapter."""

    # Not the default config: only this test uses it.
    default = False

    def register_adapter(self) -> None:
        return None


def test_app_name_alone_loads_our_config() -> None:
    assert isinstance(apps.get_app_config("oscar_mpesa"), MpesaConfig)
    assert isinstance(AppConfig.create("oscar_mpesa"), MpesaConfig)


def test_pipeline_is_extended_before_the_order_model_loads() -> None:
    assert "Pending payment" in shop_settings.OSCAR_ORDER_STATUS_PIPELINE
    assert apps.get_model("order", "Order").pipeline["Pending payment"]


def test_new_config_extends_the_pipeline_of_its_settings(settings: Any) -> None:
    settings.OSCAR_ORDER_STATUS_PIPELINE = {"New": ()}

    MpesaConfig("oscar_mpesa", oscar_mpesa)

    assert set(settings.OSCAR_ORDER_STATUS_PIPELINE) > {"New", "Pending payment", "Payment expired", "Cancelled"}


def test_second_ready_registers_nothing_twice() -> None:
    before = (len(order_status_changed.receivers), len(registry.registered_checks))
    deployed = len(registry.deployment_checks)

    apps.get_app_config("oscar_mpesa").ready()

    assert (len(order_status_changed.receivers), len(registry.registered_checks)) == before
    assert len(order_status_changed.receivers) == 1
    assert len(registry.deployment_checks) == deployed
    ours: list[Any] = [check for check in registry.registered_checks if checks.TAG in check.tags]
    of_urls = {check.__name__ for check in ours if "urls" in check.tags}
    assert of_urls == {"check_checkout", "check_callback_path", "check_other_methods"}


def test_app_registers_the_oscar_adapter() -> None:
    with replaced_adapter(None):
        apps.get_app_config("oscar_mpesa").ready()

        assert isinstance(shop(), OscarAdapter)


def test_app_without_a_shop_adapter_does_not_start() -> None:
    config = ConfigWithoutAdapter("oscar_mpesa", oscar_mpesa)
    config.apps = apps

    with replaced_adapter(None), pytest.raises(AdapterMissing, match="no shop adapter") as raised:
        config.ready()

    assert isinstance(raised.value, ImproperlyConfigured)
    config.ready()  # with the adapter that the shop has
