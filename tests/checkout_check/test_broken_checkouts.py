"""The check names the class and the method that stand in the way of M-PESA, and the line that fixes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from oscar.apps.checkout import views
from oscar.apps.order.signals import order_placed

from tests.checkout import shop_checkouts as shops
from tests.checkout_check import broken_checkouts as broken
from tests.checkout_check.checks import REACHED, check, problems

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("product")]

PLACE = "tests.checkout_check.broken_checkouts."

#: Each view that stands in the way: the finding, who is named, and what the line contains.
BY_HAND: dict[type, tuple[str, str, str]] = {
    broken.NoMixin: ("no-mixin", "NoMixin", "class NoMixin(MpesaPaymentDetailsMixin, PaymentDetailsView):"),
    broken.MixinLast: ("mixin-order", "MixinLast", "class MixinLast(MpesaPaymentDetailsMixin, PaymentDetailsView):"),
    broken.ShowsOwnPage: ("in-the-way", "ShowsOwnPage.render_to_response", "super().render_to_response(context, **kw"),
    broken.OwnTemplates: ("in-the-way", "OwnTemplates.get_template_names", "return super().get_template_names()"),
    broken.LeadsInACircle: ("circle", "LeadsInACircle.dispatch", "CheckoutSessionData(request).payment_method()"),
    broken.SendsAway: ("in-the-way", "SendsAway.check_payment_data_is_captured", "super().check_payment_data_is_c"),
    broken.SubmitsItself: ("no-payment", "SubmitsItself.submit", "super().submit(user, basket, order_total, **kwargs)"),
    broken.PlacesItself: ("no-payment", "PlacesItself.handle_order_placement", "super().handle_order_placement(order"),
    broken.ThanksItself: (
        "in-the-way",
        "ThanksItself.handle_successful_order",
        "super().handle_successful_order(order)",
    ),
    broken.ForgetsTheHook: ("no-push", "ForgetsTheHook.handle_successful_order", "super().handle_successful_order("),
    broken.ThanksAfterwards: ("in-the-way", "ThanksAfterwards.post", "super().post(request, *args, **kwargs)"),
}
VIEWS: dict[type, tuple[str, str, str]] = {
    broken.NeedsCardInContext: ("page-broken", "NeedsCardInContext.get_context_data, line ", "Correct that line"),
    broken.RaisesInPlacement: ("not-placed", "RaisesInPlacement.place_order, line ", "Correct that line"),
    broken.OwnPreview: ("no-button", "broken/preview.html", 'id="place_order_form"'),
    broken.PreviewWithoutBlock: ("no-block", "broken/preview_without_block.html", "{% block payment_method %}"),
}
CHOOSERS: dict[type, tuple[str, str, str]] = {
    broken.WithoutMpesa: ("no-choice", "WithoutMpesa", '("mpesa", "M-PESA")'),
    broken.WithAnotherCode: ("wrong-code", "Chooser.store", '("mpesa", "M-PESA")'),
    broken.OverwritesChoice: ("choice-lost", "OverwritesChoice.store", 'pay_by("mpesa")'),
    broken.StoresElsewhere: ("choice-not-stored", "StoresElsewhere", "pay_by(form.cleaned_data"),
    broken.FlushesSession: ("choice-lost", "FlushesSession.get_success_response", 'pay_by("mpesa")'),
    broken.LeadsElsewhere: ("in-the-way", "LeadsElsewhere.get_success_response", "super().get_success_response()"),
    broken.AsksForTerms: ("own-step", "AsksForTerms.check_terms", "run the check again"),
}
MIDDLEWARE = {
    "ClosedShop": ("in-the-way", "ClosedShop.__call__", 'request.path.startswith(reverse("checkout:index"))'),
    "ForgetfulSession": ("choice-lost", "ForgetfulSession.__call__", 'pay_by("mpesa")'),
    "RefusingFirewall": ("page-refused", "RefusingFirewall.__call__", "Let shoppers with M-PESA pass"),
}


def assert_found(expected: tuple[str, str, str]) -> None:
    name, culprit, line = expected
    finding = problems(check())[name]
    assert culprit in finding.sentence
    assert line in finding.remedy


@pytest.mark.parametrize("view", BY_HAND)
def test_view_with_a_mixin_by_hand_is_named(view: type, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AUTO_INTEGRATE": False}
    shops.use_checkout(monkeypatch, settings, view, broken.MethodByHand)

    assert_found(BY_HAND[view])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.usefixtures("shop_templates")
def test_view_or_template_is_named(view: type, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.use_checkout(monkeypatch, settings, view)

    assert_found(VIEWS[view])


@pytest.mark.parametrize("chooser", CHOOSERS)
def test_form_of_payment_methods_is_named(chooser: type, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView, chooser)

    assert_found(CHOOSERS[chooser])


@pytest.mark.parametrize("middleware", MIDDLEWARE)
def test_middleware_is_named(middleware: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, PLACE + middleware]

    assert_found(MIDDLEWARE[middleware])


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        (broken.needs_card, ("not-placed", "broken_checkouts.needs_card, line ", "@receiver(order_paid)")),
        (broken.packs_at_once, ("wrong-status", "order_placed", "@receiver(order_paid)")),
    ],
)
def test_receiver_is_named(
    receiver: Any, expected: tuple[str, str, str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView)
    order_placed.connect(receiver)
    try:
        assert_found(expected)
    finally:
        order_placed.disconnect(receiver)


def test_function_in_place_of_the_view_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def maintenance(request: HttpRequest) -> HttpResponse:
        return HttpResponse("Back soon")

    config = shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView)
    urls = [path("payment-details/", maintenance, name="payment-details"), *config.urls[0]]
    settings.ROOT_URLCONF.urlpatterns[-2] = path("checkout/", (urls, "checkout", "checkout"))

    assert_found(("in-the-way", "maintenance", "return view(request, *args, **kwargs)"))


def test_page_that_no_method_explains_names_its_template(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = {"oscar/checkout/layout.html": "<h1>Our shop</h1>"}
    loaders = [("django.template.loaders.locmem.Loader", layout), "django.template.loaders.app_directories.Loader"]
    settings.TEMPLATES = [
        {
            **settings.TEMPLATES[0],
            "APP_DIRS": False,
            "OPTIONS": {**settings.TEMPLATES[0]["OPTIONS"], "loaders": loaders},
        }
    ]
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OTHER_METHODS": []}
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView)

    assert_found(("not-reached", "/checkout/payment-details/", "oscar/checkout/layout.html"))


@pytest.mark.parametrize("chooser", [broken.Chooser, broken.PayLink])
def test_own_chooser_that_works_is_no_finding(chooser: type, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView, chooser)

    findings = check()

    assert findings.keys() >= REACHED
    assert problems(findings) == {}


GUARDS = [
    shops.SkipsDetails,
    shops.RedirectsToPreview,
    shops.NeedsCard,
    shops.TakesCardInPost,
    shops.RedirectsInDispatch,
]


@pytest.mark.parametrize("view", GUARDS)
def test_guard_that_the_app_passes_by_is_no_finding(view: type, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.use_checkout(monkeypatch, settings, view)

    findings = check()

    assert findings.keys() >= REACHED
    assert problems(findings) == {}
