"""Check of OTHER_METHODS: each entry leads to a page where a shopper can go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import oscar
import pytest
from django.http import HttpResponse
from oscar.apps.checkout.views import PaymentDetailsView

from oscar_mpesa import checks
from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.checkout.shop_views import with_mixin
from oscar_mpesa.oscar_adapter.payment_methods import shows_placeholder
from tests.wiring.checked import hints


class CardView(PaymentDetailsView):
    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        """Charge a card."""


class FormView(PaymentDetailsView):
    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("a form")


class OwnTemplateView(PaymentDetailsView):
    template_name = "shop/pay.html"


class GoneTemplateView(PaymentDetailsView):
    template_name = "shop/gone.html"


class RenamedView(PaymentDetailsView):
    """Oscar's page below a name of the shop."""


def methods_found(settings: Any, url_name: str | None) -> dict[str, str]:
    return hints(checks.check_other_methods, settings, OTHER_METHODS=[("cod", "Cash on delivery", url_name)])


@pytest.fixture
def own_templates(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "pay.html").write_text("a form", encoding="utf-8")
    folders = [str(tmp_path), str(Path(oscar.__file__).parent / "templates")]
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": folders}]


@pytest.mark.parametrize(
    ("url_name", "ids"),
    [
        pytest.param("checkout:preview", [], id="Oscar's preview"),
        pytest.param("/pay/cash/", [], id="a path"),
        pytest.param("https://bank.example/pay", [], id="an address"),
        pytest.param("checkout:payment-method", ["W016"], id="the choice itself"),
        pytest.param("checkout:cash", ["W016"], id="a name that is not there"),
        pytest.param("mpesa-payment", ["W016"], id="a name without its namespace"),
    ],
)
def test_method_without_a_page_is_a_warning(settings: Any, url_name: str, ids: list[str]) -> None:
    found = methods_found(settings, url_name)

    assert list(found) == ids
    assert all("checkout:preview" in hint for hint in found.values())


@pytest.mark.usefixtures("own_templates")
@pytest.mark.parametrize(
    ("view", "is_placeholder"),
    [
        pytest.param(PaymentDetailsView, True, id="Oscar's own view"),
        pytest.param(RenamedView, True, id="a subclass that changes nothing"),
        pytest.param(CardView, False, id="a view that takes cards"),
        pytest.param(FormView, False, id="a view with a page of its own"),
        pytest.param(OwnTemplateView, False, id="a template of the shop"),
        pytest.param(GoneTemplateView, False, id="a template that is not there"),
    ],
)
@pytest.mark.parametrize("is_extended", [False, True], ids=["as it is", "with our mixin"])
def test_oscars_placeholder_is_recognized(view: type, is_placeholder: bool, is_extended: bool) -> None:
    used = with_mixin(view, MpesaPaymentDetailsMixin) if is_extended else view

    assert shows_placeholder(used) is is_placeholder


def test_each_method_is_checked_by_itself(settings: Any) -> None:
    settings.OSCAR_MPESA = {"OTHER_METHODS": [("own", "On a page of the shop", None), ("cash", "Cash", "shop:cash")]}

    (message,) = checks.check_other_methods()

    assert message.msg.startswith("OTHER_METHODS: the method 'cash' leads to no page")


def test_process_without_urls_is_not_checked(settings: Any) -> None:
    before = methods_found(settings, "checkout:cash")
    del settings.ROOT_URLCONF

    assert list(before) == ["W016"]
    assert methods_found(settings, "checkout:cash") == {}
    assert hints(checks.check_checkout, settings) == {}
    assert hints(checks.check_callback_path, settings, CALLBACK_URL="https://shop.example/") == {}
