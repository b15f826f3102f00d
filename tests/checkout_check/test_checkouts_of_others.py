"""The check names the culprit in the checkouts of ``tests/checkout/broken_checkouts.py``, and accepts unusual ones."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.setup_check.findings import Level
from tests.checkout.broken_checkouts import BROKEN, HEALTHY
from tests.checkout.served_checkout import BrokenCheckout
from tests.checkout_check.checks import REACHED, check, problems

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("product")]

#: What the check does not name: it skips the steps before the payment, does not post forms of other methods, and does
#: not see who changed a response that stays the same object.
NOT_NAMED = {
    "delivery leads to the details",
    "tax is added too late",
    "form of another page",
    "middleware changes the template",
}
NAMED = [each for each in BROKEN if each.name not in NOT_NAMED]

#: A shop that leads to its terms first: the check says that it got no further.
WITH_OWN_STEP = {"terms first"}


@pytest.mark.parametrize("broken", NAMED, ids=lambda each: each.name)
def test_culprit_of_a_broken_checkout_is_named(
    broken: BrokenCheckout, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with broken.serve(monkeypatch, settings):
        found = problems(check()).values()

    text = " ".join(f"{finding.sentence} {finding.remedy}" for finding in found)
    assert any(culprit in text for culprit in broken.culprits), text


@pytest.mark.parametrize("healthy", HEALTHY, ids=lambda each: each.name)
def test_unusual_checkout_is_no_error(healthy: BrokenCheckout, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    with healthy.serve(monkeypatch, settings):
        findings = check()

    if healthy.name in WITH_OWN_STEP:
        assert problems(findings).keys() == {"own-step"}
    else:
        assert findings.keys() >= REACHED
    assert not any(finding.level is Level.ERROR for finding in findings.values())
