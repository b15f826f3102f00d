"""Choose each other payment method of the shop, and look at the page that follows. Never places an order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oscar
from django.template.response import SimpleTemplateResponse
from django.urls import NoReverseMatch, reverse

from oscar_mpesa.checkout_check.browser import Visit, name_of
from oscar_mpesa.checkout_check.diagnosis import diagnose
from oscar_mpesa.checkout_check.forms import Control, read_page
from oscar_mpesa.checkout_check.landings import Kind, Landing, land, send
from oscar_mpesa.checkout_check.problems import Problem
from oscar_mpesa.checkout_check.shopper import Shopper, choose_quietly
from oscar_mpesa.checkout_check.walk import Chooser, payment_path
from oscar_mpesa.conf import get_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMethod:
    """A method to try. ``url_name`` is where ``OTHER_METHODS`` leads; ``control`` is its choice in a form."""

    code: str
    label: str
    url_name: str | None = None
    control: Control | None = None
    is_listed: bool = False


def other_methods(chooser: Chooser | None) -> list[OtherMethod]:
    """Return the methods of ``OTHER_METHODS``, and the other choices of the form where M-PESA is chosen."""
    controls = chooser.form.other_choices(chooser.choice) if chooser is not None else []
    by_code = {control.value: control for control in controls}
    listed = [
        OtherMethod(code=code, label=str(label), url_name=url_name, control=by_code.pop(code, None), is_listed=True)
        for code, label, url_name in get_settings().OTHER_METHODS
    ]
    shown = [OtherMethod(code=code, label=control.label or code, control=control) for code, control in by_code.items()]
    return [*listed, *shown] if chooser is None or chooser.is_ours else shown


def try_method(method: OtherMethod, chooser: Chooser | None, shopper: Shopper) -> Problem:
    """Return ``method-ok``, or what is wrong with the page that follows the choice."""
    params: dict[str, object] = {"code": method.code, "label": method.label}
    if method.url_name and not _is_known(method.url_name):
        return Problem(name="method-url", params={**params, "url": method.url_name, "line": _line(method)})
    landing = _choose(method, chooser, shopper)
    if landing.kind in (Kind.BROKEN, Kind.CIRCLE):
        cause = diagnose(landing, "payment")
        details = cause.params.get("error") or f"{landing.page.path} {landing.page.status}"
        if landing.kind is Kind.CIRCLE:
            details = landing.paths
        return Problem(name="method-broken", params={**params, "by": cause.params.get("by", "?"), "details": details})
    if landing.kind is Kind.PAGE and name_of(landing.page.path) == "payment-method":
        culprit = "OTHER_METHODS" if method.is_listed else landing.page.path
        return Problem(name="method-broken", params={**params, "by": culprit, "details": landing.paths})
    if landing.kind is Kind.PAGE and read_page(landing.page.html).phone_form is not None:
        return Problem(name="method-mpesa", params=params)
    if landing.kind is Kind.PAGE and is_placeholder(landing.page):
        name = "method-placeholder" if method.is_listed else "method-page"
        return Problem(name=name, params={**params, "line": _line(method)})
    return Problem(name="method-ok", params=params)


def is_placeholder(visit: Visit) -> bool:
    """Return whether a page is Oscar's page of payment details, which each shop has to replace."""
    response = visit.response
    if not isinstance(response, SimpleTemplateResponse):
        return False
    template: Any = response.resolve_template(response.template_name)
    template = getattr(template, "template", template)
    name, origin = str(template.name), str(getattr(template.origin, "name", ""))
    is_oscars = Path(origin).is_relative_to(Path(oscar.__file__).parent)
    return is_oscars and name == "oscar/checkout/payment_details.html"


def _choose(method: OtherMethod, chooser: Chooser | None, shopper: Shopper) -> Landing:
    """Post the form if it only stores the choice. Else store the choice, and open the page that would follow.

    A form on the payment-details page or the preview may take money when it is posted.
    """
    browser = shopper.browser
    if chooser is not None and method.control is not None and _only_stores(chooser):
        data = chooser.form.data(method.control)
        return send(browser, chooser.visit, chooser.form.action, data, only_payment_pages=True)
    choose_quietly(browser, method.code)
    if method.url_name and not method.url_name.startswith("/"):
        path = reverse(method.url_name)
        if name_of(path) not in ("payment-method", "payment-details", "preview"):
            return Landing(kind=Kind.LEFT, visits=browser.visits[-1:], target=path)
    else:
        path = _details_path()
    return land(browser, path, only_payment_pages=True)


def _only_stores(chooser: Chooser) -> bool:
    is_chooser_page = name_of(chooser.visit.path) == "payment-method"
    return is_chooser_page and not chooser.form.places_order and not chooser.form.asks_for_data


def _details_path() -> str:
    try:
        return reverse("checkout:payment-details")
    except NoReverseMatch:
        return payment_path()


def _is_known(url_name: str) -> bool:
    if "/" in url_name or "." in url_name:
        return True
    try:
        reverse(url_name)
    except NoReverseMatch:
        return False
    return True


def _line(method: OtherMethod) -> str:
    return f'("{method.code}", "{method.label}", "checkout:preview")'
