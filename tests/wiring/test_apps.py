"""One line in ``INSTALLED_APPS`` is enough, in its short spelling."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as shop_settings
from django.core.checks.registry import registry

import oscar_mpesa
from oscar_mpesa import checks
from oscar_mpesa.apps import MpesaConfig
from oscar_mpesa.signals import money_arrived, news_due


def test_the_short_spelling_gives_our_config_and_not_a_plain_one() -> None:
    assert isinstance(apps.get_app_config("oscar_mpesa"), MpesaConfig)
    assert isinstance(AppConfig.create("oscar_mpesa"), MpesaConfig)


def test_the_pipeline_is_extended_before_the_order_model_reads_it() -> None:
    assert "Pending payment" in shop_settings.OSCAR_ORDER_STATUS_PIPELINE
    assert apps.get_model("order", "Order").pipeline["Pending payment"]


def test_a_new_config_extends_the_pipeline_of_its_settings(settings: Any) -> None:
    settings.OSCAR_ORDER_STATUS_PIPELINE = {"New": ()}

    MpesaConfig("oscar_mpesa", oscar_mpesa)

    assert set(settings.OSCAR_ORDER_STATUS_PIPELINE) > {"New", "Pending payment", "Payment expired", "Cancelled"}


def test_getting_ready_twice_connects_and_registers_nothing_twice() -> None:
    before = (len(money_arrived.receivers), len(news_due.receivers), len(registry.registered_checks))

    apps.get_app_config("oscar_mpesa").ready()

    assert (len(money_arrived.receivers), len(news_due.receivers), len(registry.registered_checks)) == before
    assert len(money_arrived.receivers) == len(news_due.receivers) == 1
    assert checks.check_checkout in registry.registered_checks
