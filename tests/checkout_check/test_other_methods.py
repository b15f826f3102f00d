"""The check chooses each other method, and places no order by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import oscar
import pytest
from oscar.apps.checkout import views

from tests.checkout import shop_checkouts as shops
from tests.checkout_check import broken_checkouts as broken
from tests.checkout_check.checks import REACHED, check, problems

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("product")]


def use_methods(monkeypatch: pytest.MonkeyPatch, settings: Any, *methods: Any, view: type | None = None) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OTHER_METHODS": list(methods)}
    shops.use_checkout(monkeypatch, settings, view or views.PaymentDetailsView)


@pytest.fixture
def oscars_templates(settings: Any) -> None:
    """Let Oscar's templates stand before the shop's own."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [Path(oscar.__file__).parent / "templates"]}]


class CardForContext(views.PaymentDetailsView):
    """Fails for every method but M-PESA."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if self.checkout_session.payment_method() == "cod":
            raise ValueError("no card")
        return context


class AlwaysMpesa(broken.Chooser):
    """Stores M-PESA whatever the shopper chose."""

    def store(self, code: str) -> None:
        super().store("mpesa")


def test_methods_that_work_are_listed_by_their_labels(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    use_methods(monkeypatch, settings, ("cod", "Cash on delivery", "checkout:preview"))

    findings = check()

    assert findings.keys() == {*REACHED, "method-ok"}
    assert findings["method-ok"].sentence == '"Cash on delivery" (cod) can be chosen as before.'


def test_unknown_url_name_is_named(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    use_methods(monkeypatch, settings, ("cod", "Cash", "checkout:nowhere"))

    finding = problems(check())["method-url"]

    assert "checkout:nowhere" in finding.sentence
    assert '("cod", "Cash", "checkout:preview")' in finding.remedy


@pytest.mark.usefixtures("oscars_templates")
def test_page_of_oscar_that_needs_implementing_is_named(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    use_methods(monkeypatch, settings, ("cod", "Cash", "checkout:payment-details"))

    finding = problems(check())["method-placeholder"]

    assert '"Cash" (cod)' in finding.sentence
    assert '("cod", "Cash", "checkout:preview")' in finding.remedy


@pytest.mark.usefixtures("oscars_templates")
def test_placeholder_behind_a_form_of_the_shop_is_a_warning(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView, broken.Chooser)

    findings = check()

    assert findings.keys() >= REACHED
    assert [finding.name for finding in problems(findings).values()] == ["method-page"]


def test_method_that_breaks_is_named_with_its_line(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    use_methods(monkeypatch, settings, ("cod", "Cash", "checkout:preview"), view=CardForContext)

    finding = problems(check())["method-broken"]

    assert "CardForContext.get_context_data, line " in finding.sentence
    assert "ValueError: no card" in finding.sentence


def test_method_that_leads_to_mpesa_is_named(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView, AlwaysMpesa)

    finding = problems(check())["method-mpesa"]

    assert '"Card" (card)' in finding.sentence


def test_page_of_another_app_is_not_opened(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    broken.Witness.opened.clear()
    use_methods(monkeypatch, settings, ("pp", "PayPal", "terms"))
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.checkout_check.broken_checkouts.Witness"]

    findings = check()

    assert '"PayPal" (pp)' in findings["method-ok"].sentence
    assert "/checkout/preview/" in broken.Witness.opened
    assert "/terms/" not in broken.Witness.opened
