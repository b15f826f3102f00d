"""Checkouts that keep M-PESA, or another method, from selling, and unusual ones that sell."""

from __future__ import annotations

from typing import Any

from oscar.apps.checkout.signals import pre_payment
from oscar.apps.order.signals import order_placed

from tests.checkout import broken_choosers as choosers
from tests.checkout import broken_details as details
from tests.checkout import broken_surroundings as around
from tests.checkout.served_checkout import BrokenCheckout

#: A preview whose only form takes a card, and one that shows Oscar's button only with a card.
CARD_FORM = """{% extends "oscar/checkout/preview.html" %}{% block place_order %}
<form method="post" action="{% url 'checkout:preview' %}" id="place_order_form">{% csrf_token %}
<input type="text" name="card_number" required><button>Pay</button></form>{% endblock %}"""
CARD_BUTTON = """{% extends "oscar/checkout/preview.html" %}
{% block place_order %}{% if card_token %}{{ block.super }}{% endif %}{% endblock %}"""
NO_FORM = """{% extends "oscar/checkout/layout.html" %}{% load i18n %}
{% block content %}<p>{{ order_total.incl_tax }}</p>{% endblock %}"""
OWN_DESIGN = """{% extends "oscar/checkout/layout.html" %}{% load i18n %}
{% block content %}<p>{{ order_total.incl_tax }}</p>{% block place_order %}
<form method="post" action="{% url 'checkout:preview' %}" id="place_order_form">{% csrf_token %}
<input type="hidden" name="action" value="place_order"><button>Buy</button></form>{% endblock %}{% endblock %}"""
SMALL = '{% extends "oscar/checkout/layout.html" %}{% block content %}<a href="..">Card</a>{% endblock %}'
LIST = '<form method="post">{% csrf_token %}{{ form.as_p }}<button>Go on</button></form>'

HERE = "tests.checkout.broken_surroundings."
BY_HAND = {"AUTO_INTEGRATE": False}


def _details(stage: str, view: type, culprit: str, **changes: Any) -> BrokenCheckout:
    name = changes.pop("name", f"{view.__name__}.{culprit}")
    return BrokenCheckout(name=name, stage=stage, details=view, culprits=(f"{view.__name__}.{culprit}",), **changes)


BROKEN_DETAILS = (
    BrokenCheckout(
        name="mixin behind Oscar's view",
        stage="phone",
        culprits=("LastBase",),
        details=details.LastBase,
        mpesa=BY_HAND,
    ),
    BrokenCheckout(
        name="mixin behind Oscar's view, not by hand", stage="phone", culprits=("LastBase",), details=details.LastBase
    ),
    _details("phone", details.ForbiddenWithoutCard, "dispatch"),
    _details("phone", details.WalletFirst, "check_wallet"),
    _details("phone", details.CardInSubmission, "build_submission"),
    _details("phone", details.PlainTotal, "build_submission"),
    _details("phone", details.NeedsCardForm, "get_context_data"),
    _details("phone", details.AnswersInJson, "render_to_response"),
    _details("preview", details.ShownOnly, "http_method_names"),
    _details("preview", details.TemplatePerMethod, "get_template_names"),
    _details("preview", details.TemplateFromTable, "get_template_names"),
    _details("order", details.ChargesInSubmit, "submit"),
    _details("order", details.SubmitsToGateway, "submit"),
    _details("order", details.ChargesWhilePlacing, "handle_order_placement"),
    _details("order", details.NeedsAuthorization, "place_order"),
    _details("order", details.NeedsSource, "save_payment_details"),
    _details("order", details.NumberOfGateway, "generate_order_number"),
    _details("order", details.UndoneWithoutCard, "dispatch"),
)

BROKEN_PREVIEWS = tuple(
    BrokenCheckout(
        name=name,
        stage=stage,
        culprits=("shop/preview.html",),
        details=details.OwnPreviewTemplate,
        templates={"shop/preview.html": template},
    )
    for name, stage, template in (
        ("preview with the shop's card form", "order", CARD_FORM),
        ("preview with a button for cards only", "preview", CARD_BUTTON),
        ("preview without a form", "preview", NO_FORM),
    )
)

BROKEN_CHOOSERS = (
    BrokenCheckout(
        name="view of the methods forgotten",
        stage="phone",
        culprits=("PaymentMethodView",),
        details=details.WithMixin,
        mpesa=BY_HAND,
    ),
    BrokenCheckout(
        name="both mixins forgotten", stage="phone", culprits=("PaymentDetailsView", "PaymentMethodView"), mpesa=BY_HAND
    ),
    BrokenCheckout(
        name="choice without M-PESA", stage="phone", culprits=("CardOrCash", "Chooser.get"), method=choosers.CardOrCash
    ),
    BrokenCheckout(
        name="choice is cleared",
        stage="phone",
        culprits=("ForgetsTheChoice.get_success_response",),
        method=choosers.ForgetsTheChoice,
    ),
    BrokenCheckout(
        name="choice is overwritten", stage="phone", culprits=("PrefersCard.post",), method=choosers.PrefersCard
    ),
    BrokenCheckout(
        name="choice leads to the card's page", stage="phone", culprits=("GoesToCards",), method=choosers.GoesToCards
    ),
    BrokenCheckout(
        name="function behind the details",
        stage="phone",
        culprits=("card_page", "FunctionCheckout.get_urls"),
        config=choosers.FunctionCheckout,
    ),
    BrokenCheckout(
        name="decorated payment details",
        stage="phone",
        culprits=("PaymentDetailsView", "DecoratedCheckout.get_urls"),
        config=choosers.DecoratedCheckout,
    ),
    BrokenCheckout(
        name="decorated preview",
        stage="preview",
        culprits=("PaymentDetailsView", "DecoratedPreviewCheckout.get_urls"),
        config=choosers.DecoratedPreviewCheckout,
    ),
    BrokenCheckout(
        name="delivery leads to the details",
        stage="phone",
        culprits=("JumpsToDetails.get_success_url",),
        config=choosers.JumpingCheckout,
    ),
)

BROKEN_SURROUNDINGS = (
    BrokenCheckout(
        name="middleware sends the details away",
        stage="phone",
        culprits=("NoDetailsPage",),
        middleware=(HERE + "NoDetailsPage",),
    ),
    BrokenCheckout(
        name="middleware refuses posts without a card",
        stage="preview",
        culprits=("ShortPosts",),
        middleware=(HERE + "ShortPosts",),
    ),
    BrokenCheckout(
        name="middleware changes the template",
        stage="phone",
        culprits=("SmallScreens",),
        middleware=(HERE + "SmallScreens",),
        templates={"shop/small_details.html": SMALL},
    ),
    BrokenCheckout(
        name="middleware commits by itself",
        stage="push",
        culprits=("ManualTransactions",),
        middleware=(HERE + "ManualTransactions",),
    ),
    BrokenCheckout(
        name="context processor knows no M-PESA",
        stage="phone",
        culprits=("label_of_method",),
        context_processors=(HERE + "label_of_method",),
    ),
    BrokenCheckout(
        name="receiver wants money with the order",
        stage="order",
        culprits=("book_source",),
        receivers=((order_placed, around.book_source),),
    ),
    BrokenCheckout(
        name="session forgets unknown keys",
        stage="preview",
        culprits=("TidySession._set",),
        session=around.TidySession,
    ),
    BrokenCheckout(
        name="status is unknown to the order's creator",
        stage="order",
        culprits=("KnownStatusCreator.place_order",),
        creator=around.KnownStatusCreator,
    ),
    BrokenCheckout(
        name="prices in dollars",
        stage="phone",
        culprits=("DollarStrategy", "USD"),
        prices=around.DollarSelector,
    ),
    BrokenCheckout(
        name="tax is added too late",
        stage="order",
        details=details.AddsTaxWhenPlacing,
        culprits=("LateTaxStrategy", "AddsTaxWhenPlacing.handle_place_order_submission"),
        prices=around.LateTaxSelector,
    ),
)

BROKEN_OTHERS = (
    BrokenCheckout(
        name="other method leads to an unknown URL name",
        stage="other method",
        culprits=("OTHER_METHODS",),
        mpesa={"OTHER_METHODS": [("card", "Card", "checkout:card")]},
        other="card",
    ),
    BrokenCheckout(
        name="other method leads back to the choice",
        stage="other method",
        culprits=("OTHER_METHODS",),
        mpesa={"OTHER_METHODS": [("card", "Card", "checkout:payment-method")]},
        other="card",
    ),
)

BROKEN = (*BROKEN_DETAILS, *BROKEN_PREVIEWS, *BROKEN_CHOOSERS, *BROKEN_SURROUNDINGS, *BROKEN_OTHERS)

HEALTHY = (
    BrokenCheckout(name="Oscar's own checkout"),
    BrokenCheckout(name="mixins by hand", details=details.WithMixin, method=choosers.WithMixin, mpesa=BY_HAND),
    BrokenCheckout(
        name="preview of the shop's own design",
        details=details.OwnPreviewTemplate,
        templates={"shop/preview.html": OWN_DESIGN},
    ),
    BrokenCheckout(name="terms first", config=choosers.TermsCheckout),
    BrokenCheckout(name="function that asks for the method", config=choosers.FunctionChooser),
    BrokenCheckout(
        name="form view that asks for the method",
        method=choosers.FormChooser,
        templates={"shop/payment_method.html": LIST},
    ),
    BrokenCheckout(name="private pages by Oscar's decorator", config=choosers.PrivateCheckout),
    BrokenCheckout(name="tax is added to the submission", details=around.AddsTax, prices=around.LateTaxSelector),
    BrokenCheckout(name="name of a template instead of a list", details=details.TemplateAsText),
    BrokenCheckout(name="code in capitals", method=choosers.CapitalCode),
    BrokenCheckout(name="code with a hyphen", method=choosers.HyphenCode),
    BrokenCheckout(name="card without a choice", method=choosers.CardOnly),
    BrokenCheckout(
        name="next page by a table",
        method=choosers.NextByTable,
    ),
    BrokenCheckout(
        name="next page is the card's",
        method=choosers.NextIsCard,
    ),
    BrokenCheckout(
        name="receiver clears the session",
        receivers=((pre_payment, around.forget_card),),
    ),
    BrokenCheckout(
        name="form of another page",
        config=choosers.PostOnlyCheckout,
        other="card",
    ),
)
