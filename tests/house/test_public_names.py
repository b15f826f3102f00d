"""What a shop may rely on is there under its promised name, and the sandbox, a shop itself, relies on nothing else."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.house.sources import python_files

PROMISED = (
    "oscar_mpesa.services.order_tokens.TokenPurpose",
    "oscar_mpesa.services.order_tokens.make_token",
    "oscar_mpesa.api.views.initiate",
    "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin",
    "oscar_mpesa.checkout.mixins.MpesaPaymentMethodMixin",
    "oscar_mpesa.conf.mpesa_settings",
    "oscar_mpesa.practice_phone.urls.urlpatterns",
    "oscar_mpesa.services.blocked_phones.block_phone",
    "oscar_mpesa.services.blocked_phones.unblock_phone",
    "oscar_mpesa.services.gateway.replaced_transport",
    "oscar_mpesa.services.receipt_decisions.allocate_receipt",
    "oscar_mpesa.services.receipt_decisions.resolve_receipt",
    "oscar_mpesa.services.receipt_decisions.record_refund",
    "oscar_mpesa.services.claims.record_receipt",
    "oscar_mpesa.checkout.reminders.MpesaReminderMixin",
    "oscar_mpesa.services.order_closure.close_order",
    "oscar_mpesa.signals.alert_raised",
    "oscar_mpesa.signals.receipt_unmatched",
    "oscar_mpesa.signals.order_paid",
    "oscar_mpesa.signals.payment_failed",
    "oscar_mpesa.simulator.server.Simulator",
    "oscar_mpesa.testing.ScriptedTransport",
    "oscar_mpesa.testing.fixtures.mpesa_simulator",
    "oscar_mpesa.urls.urlpatterns",
)


@pytest.mark.parametrize("name", PROMISED)
def test_what_is_promised_is_there(name: str) -> None:
    module, attribute = name.rsplit(".", 1)

    assert hasattr(import_module(module), attribute)


def test_the_version_is_told() -> None:
    assert import_module("oscar_mpesa").__version__.count(".") == 2


def test_the_sandbox_uses_only_what_is_promised() -> None:
    used = {name for source in python_files("sandbox_site") for name in source.imports()}

    ours = {name for name in used if name.partition(".")[0] == "oscar_mpesa"}

    assert ours <= set(PROMISED)
