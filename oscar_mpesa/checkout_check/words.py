"""The texts of what the check of the checkout finds: level, sentence, meaning and remedy.

Each warning and error is also listed in docs/set-up.md and has a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oscar_mpesa.domain.i18n import _

_NOBODY_CAN_PAY = _("Nobody can pay by M-PESA.")
_NO_PROMPT = _("The shopper gets no prompt, and the order waits for money that nobody asked for.")
_LET_PASS = _("Let M-PESA pass, with this as the first line of {by}: {line}")

#: The steps that a shopper with M-PESA should reach.
STEPS: Mapping[str, str] = MappingProxyType(
    {
        "payment-methods": _("the page of payment methods"),
        "phone-step": _("the page that asks for the phone number"),
        "preview": _("the preview page"),
        "order": _("the placed order"),
        "payment-page": _("the payment page"),
    }
)

WORDS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "phone-step-ok": ("ok", _("M-PESA reaches the page that asks for the phone number."), "", ""),
        "preview-ok": ("ok", _("M-PESA reaches the preview."), "", ""),
        "order-ok": ("ok", _("The order is placed."), "", ""),
        "push-ok": ("ok", _("The STK push follows, and the simulator accepts it."), "", ""),
        "method-ok": ("ok", _('"{label}" ({code}) can be chosen as before.'), "", ""),
        "not-offered": (
            "warning",
            _("M-PESA was not tried, because MPESA_AVAILABLE_TO is nobody."),
            "",
            _("Set MPESA_AVAILABLE_TO=staff, and run the check again."),
        ),
        "settings-first": (
            "error",
            _("M-PESA was not tried, because the settings have errors: {faults}."),
            _NOBODY_CAN_PAY,
            _("Run manage.py mpesa_check_setup, and fix these errors first."),
        ),
        "no-checkout": (
            "error",
            _("The shop has no page checkout:payment-details."),
            _NOBODY_CAN_PAY,
            _('Include the URLs of Oscar\'s checkout: path("", include(apps.get_app_config("oscar").urls[0]))'),
        ),
        "no-product": (
            "error",
            _("No product can be bought in Kenya shillings (KES). The currencies of the products are: {currencies}."),
            _("M-PESA is offered for baskets in KES only."),
            _('Give a product a stock record with price_currency "KES", a price from 1 to 125,000 and stock.'),
        ),
        "own-step": (
            "warning",
            _("M-PESA was not tried to the end, because {by} leads shoppers to {path} first."),
            _("If that is a page of your own, such as terms or an age check, M-PESA comes after it."),
            _("To try M-PESA, let shoppers pass there for a moment, and run the check again."),
        ),
        "no-choice": (
            "error",
            _('The page {path} of {by} has no choice "mpesa" that works without JavaScript.'),
            _NOBODY_CAN_PAY,
            _("Add the choice to its form: {line}"),
        ),
        "wrong-code": (
            "error",
            _('{by} stores the code "{code}" for M-PESA, and not "mpesa".'),
            _NOBODY_CAN_PAY,
            _("Use the code in the form, and pass it to pay_by: {line}"),
        ),
        "choice-not-stored": (
            "error",
            _('{by} does not store the choice "{code}" in the checkout session.'),
            _NOBODY_CAN_PAY,
            _("Add the line that stores it: {line}"),
        ),
        "choice-lost": (
            "error",
            _("M-PESA was chosen, but the choice is gone after {path}: {by} replaces or removes it."),
            _NOBODY_CAN_PAY,
            _("Keep the choice in the session there: {line}"),
        ),
        "no-mixin": (
            "error",
            _("The view {view} does not know M-PESA."),
            _("Orders would be placed unpaid, without a prompt."),
            _("Make our mixin its first base: {line}"),
        ),
        "mixin-order": (
            "error",
            _("The view {view} has our mixin behind another base, so Oscar's methods hide ours."),
            _("Orders would be placed unpaid, without a prompt."),
            _("Make our mixin its first base: {line}"),
        ),
        "in-the-way": (
            "error",
            _("{by} stands in the way: M-PESA does not reach {step}. It ends at {path}."),
            _NOBODY_CAN_PAY,
            _LET_PASS,
        ),
        "not-reached": (
            "error",
            _("M-PESA does not reach {step}. It ends at {path}, a page of {by}."),
            _NOBODY_CAN_PAY,
            _("Open that page as a shopper with M-PESA chosen, and look at its template {template}."),
        ),
        "circle": (
            "error",
            _("{by} leads in a circle, so M-PESA does not reach {step}: {path}."),
            _NOBODY_CAN_PAY,
            _LET_PASS,
        ),
        "page-broken": (
            "error",
            _("{by} fails at {path}: {error}"),
            _NOBODY_CAN_PAY,
            _("Correct that line. With M-PESA chosen there are no card details and no other method's data."),
        ),
        "page-refused": (
            "error",
            _("{path} answers {status}. The answer comes from {by}."),
            _NOBODY_CAN_PAY,
            _("Let shoppers with M-PESA pass there."),
        ),
        "no-button": (
            "error",
            _("The template {template} has no form that places the order without JavaScript."),
            _NOBODY_CAN_PAY,
            _("Add the form to it: {line}"),
        ),
        "no-block": (
            "warning",
            _("The preview doesn't show the phone number, because the template {template} has no block for it."),
            _("The shopper can't double-check the number."),
            _("Add the block to the template: {{% block payment_method %}}{{% endblock %}}"),
        ),
        "not-placed": (
            "error",
            _("The order cannot be placed: {by} raises {error}"),
            _NOBODY_CAN_PAY,
            _(
                "Correct that line. A receiver that needs a paid order belongs to oscar_mpesa.signals.order_paid: "
                "@receiver(order_paid)"
            ),
        ),
        "wrong-status": (
            "error",
            _("{by} gives the order another status than the pending one ({details})."),
            _NOBODY_CAN_PAY,
            _LET_PASS,
        ),
        "no-payment": (
            "error",
            _('{by} places an order with the status "{status}", but without an M-PESA payment.'),
            _NO_PROMPT,
            _LET_PASS,
        ),
        "no-push": (
            "error",
            _('{by} places an order with the status "{status}" and a payment, but no push follows its commit.'),
            _NO_PROMPT,
            _LET_PASS,
        ),
        "push-refused": (
            "error",
            _("Safaricom would refuse the STK push: {details}."),
            _NOBODY_CAN_PAY,
            _("Look at the setting or the field that it names."),
        ),
        "method-url": (
            "error",
            _('OTHER_METHODS leads "{label}" ({code}) to {url}, which is no URL name of this shop.'),
            _("Shoppers who choose it get an error page."),
            _("Name a URL that exists: {line}"),
        ),
        "method-placeholder": (
            "error",
            _('OTHER_METHODS leads "{label}" ({code}) to a page of Oscar that says it needs implementing.'),
            _("Shoppers who choose it can't tell how to go on."),
            _("Lead it to the preview: {line}"),
        ),
        "method-page": (
            "warning",
            _('"{label}" ({code}) leads to a page of Oscar that says it needs implementing.'),
            _("Your checkout has this page without M-PESA too."),
            _("Write the template oscar/checkout/payment_details.html, or name the method in OTHER_METHODS: {line}"),
        ),
        "method-broken": (
            "error",
            _('"{label}" ({code}) no longer works: {by} ({details}).'),
            _("Shoppers who choose it can't pay."),
            _("Look at that method. Without M-PESA chosen, the app calls it as before."),
        ),
        "method-mpesa": (
            "error",
            _('"{label}" ({code}) leads to the phone number of M-PESA.'),
            _("Shoppers who choose it can't pay."),
            _("Store its own code: self.checkout_session.pay_by(form.cleaned_data[…])"),
        ),
    }
)
