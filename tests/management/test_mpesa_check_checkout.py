"""``mpesa_check_checkout``: one line per finding, and an exit status for deployments."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oscar_mpesa.models import MpesaPayment
from tests.checkout import shop_checkouts as shops
from tests.checkout_check.broken_checkouts import SubmitsItself
from tests.shop import new_product

pytestmark = pytest.mark.django_db(transaction=True)


def test_command_lists_what_works() -> None:
    new_product()
    out = StringIO()

    call_command("mpesa_check_checkout", stdout=out)

    lines = out.getvalue().splitlines()
    assert "OK      push-ok: The STK push follows, and the simulator accepts it." in lines
    assert all(line.startswith("OK ") for line in lines)
    assert not MpesaPayment.objects.exists()


def test_error_names_the_culprit_and_fails_the_command(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    new_product()
    shops.use_checkout(monkeypatch, settings, SubmitsItself)
    out = StringIO()

    with pytest.raises(CommandError, match="Errors: 1"):
        call_command("mpesa_check_checkout", stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0].startswith("ERROR   ") and "SubmitsItself.submit" in lines[0]
    assert any(line.strip().startswith("→ ") for line in lines)
