"""Buy by M-PESA, page by page, as a shopper without JavaScript."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from django.urls import NoReverseMatch, reverse

from oscar_mpesa.checkout_check.browser import Visit, name_of
from oscar_mpesa.checkout_check.code_places import Place, Side
from oscar_mpesa.checkout_check.diagnosis import (
    diagnose,
    lost_choice,
    mixin_problem,
    obstacle_in,
    template_of,
    view_method_of,
    view_of,
)
from oscar_mpesa.checkout_check.forms import Control, Form, Page, read_page
from oscar_mpesa.checkout_check.landings import PAYMENT_PAGES, Kind, Landing, land, send
from oscar_mpesa.checkout_check.placement import order_of, placement_problem
from oscar_mpesa.checkout_check.problems import CHOICE_LINE, FORM_LINES, MIDDLEWARE_METHODS, Problem
from oscar_mpesa.checkout_check.shopper import Shopper
from oscar_mpesa.domain.method_code import is_mpesa

#: The number that the walk enters. Nothing is sent to it.
PHONE, PHONE_AS_SHOWN = "0700000000", "0700 000 000"

#: What a condition is about that belongs to another payment method.
_ABOUT_PAYMENT = re.compile("pay|card|wallet|mpesa", re.IGNORECASE)

#: More pages than any checkout has between the choice and the order.
MOST_PAGES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """The form where the shopper chooses, on its page."""

    visit: Visit
    form: Form
    choice: Control

    @property
    def is_ours(self) -> bool:
        """Return whether it is our page of payment methods."""
        answer = self.visit.record.answerer(self.visit.response) if self.visit.response is not None else None
        return answer is not None and answer.side is Side.OURS


@dataclass(slots=True)
class Walk:
    """One shopper's way. ``reached`` are the steps in order, and ``problem`` is what stopped it."""

    shopper: Shopper
    reached: list[str] = field(default_factory=list)
    problem: Problem | None = None
    warnings: list[Problem] = field(default_factory=list)
    chooser: Chooser | None = None
    _is_phone_sent: bool = False
    _is_order_sent: bool = False

    def run(self) -> Walk:
        """Go from the payment methods to the payment page, or to where a problem is."""
        landing = land(self.shopper.browser, payment_path())
        for _page in range(MOST_PAGES):
            following = self._advance(landing)
            if following is None:
                return self
            landing = following
        self.problem = self._way_out(landing)
        return self

    def _advance(self, landing: Landing) -> Landing | None:
        if self._is_order_sent or landing.kind is Kind.PLACED or order_of(self.shopper) is not None:
            self._finish(landing)
            return None
        if landing.kind is not Kind.PAGE:
            self.problem = self._way_out(landing)
            return None
        page = read_page(landing.page.html)
        _place, is_condition = obstacle_in(landing)
        if is_condition and name_of(landing.page.path) not in PAYMENT_PAGES and page.chooser is None:
            self.problem = self._way_out(landing)
            return None
        if self._is_phone_sent:
            return self._place_order(landing, page)
        if page.phone_form is not None:
            return self._enter_phone(landing, page.phone_form)
        return self._choose(landing, page)

    def _way_out(self, landing: Landing) -> Problem:
        place, is_condition = obstacle_in(landing)
        is_away = landing.kind is Kind.LEFT or name_of(landing.page.path) not in PAYMENT_PAGES
        if (
            landing.kind in (Kind.LEFT, Kind.PAGE)
            and is_away
            and self._is_own_guard(landing, place, is_condition=is_condition)
        ):
            by = place.label if place is not None else landing.page.path
            return Problem(name="own-step", params={"by": by, "path": landing.target or landing.page.path})
        return diagnose(landing, self._next_step)

    def _is_own_guard(self, landing: Landing, place: Place | None, *, is_condition: bool) -> bool:
        """Return whether the shop leads shoppers elsewhere however they pay, as to its terms or an age check."""
        browser = self.shopper.browser
        if not self._is_chosen:
            is_everywhere = browser.visits[0].location == landing.page.location
            return place is None or place.name not in MIDDLEWARE_METHODS or is_everywhere
        is_check = is_condition and place is not None and place.name.startswith("check_")
        return is_check and not _ABOUT_PAYMENT.search(f"{place.name if place else ''} {landing.target}")

    @property
    def _is_chosen(self) -> bool:
        return any(is_mpesa(visit.choice) for visit in self.shopper.browser.visits)

    @property
    def _next_step(self) -> str:
        if self._is_phone_sent:
            return "preview"
        return "phone-step" if self._is_chosen else "payment-methods"

    def _choose(self, landing: Landing, page: Page) -> Landing | None:
        if self.chooser is not None or self._is_chosen:
            self.problem = self._not_chosen(landing) or diagnose(landing, "phone-step")
            return None
        form, browser = page.chooser, self.shopper.browser
        if form is None:
            if page.mpesa_link:
                return land(browser, urljoin(landing.page.path, page.mpesa_link))
            preview = self._chooser_on_preview(landing)
            if preview is not None:
                return preview
            self.problem = mixin_problem(landing.visits) or no_choice(landing)
            return None
        choice = form.mpesa_choice
        assert choice is not None  # nosec B101 # narrows the type
        self.chooser = Chooser(visit=landing.page, form=form, choice=choice)
        after = send(browser, landing.page, form.action, form.data(choice))
        self.problem = self._not_chosen(after) if after.kind is not Kind.BROKEN else None
        return None if self.problem is not None else after

    def _chooser_on_preview(self, landing: Landing) -> Landing | None:
        """Return the preview if the shop asks for the payment method there."""
        if name_of(landing.page.path) != "payment-details":
            return None
        preview = land(self.shopper.browser, reverse("checkout:preview"))
        has_chooser = preview.kind is Kind.PAGE and read_page(preview.page.html).chooser is not None
        return preview if has_chooser else None

    def _not_chosen(self, landing: Landing) -> Problem | None:
        """Return why the choice is not in the session after the form of payment methods was posted."""
        if self.chooser is None or any(is_mpesa(visit.choice) for visit in landing.visits[:1]):
            return None
        lost = lost_choice(landing.visits[:1])
        if lost is not None or self.chooser.is_ours:
            return lost
        choices = landing.visits[0].record.choices
        by = _last_place(choices) or view_of(landing.visits[0])
        code = choices[-1][0] if choices else self.chooser.choice.value
        name = "wrong-code" if code and not is_mpesa(code) else "choice-not-stored"
        line = CHOICE_LINE if name == "wrong-code" else 'self.checkout_session.pay_by(form.cleaned_data["…"])'
        return Problem(name=name, params={"by": by, "code": code, "line": line})

    def _enter_phone(self, landing: Landing, form: Form) -> Landing:
        self.reached.append("phone-step-ok")
        self._is_phone_sent = True
        data = form.data() | {"which": ["another"], "phone_number": [PHONE]}
        return send(self.shopper.browser, landing.page, form.action, data)

    def _place_order(self, landing: Landing, page: Page) -> Landing | None:
        form = page.place_form
        if form is None:
            self.problem = self._without_button(landing, page)
            return None
        self.reached.append("preview-ok")
        if PHONE_AS_SHOWN not in landing.page.html:
            self.warnings.append(Problem(name="no-block", params={"template": template_of(landing.page)}))
        self._is_order_sent = True
        return send(self.shopper.browser, landing.page, form.action, form.data())

    def _without_button(self, landing: Landing, page: Page) -> Problem:
        problem = diagnose(landing, "preview")
        template = template_of(landing.page)
        is_preview = getattr(landing.page.response, "context_data", None) is not None and page.phone_form is None
        if problem.name == "not-reached" and is_preview:
            return Problem(name="no-button", params={"template": template, "line": FORM_LINES})
        return problem

    def _finish(self, landing: Landing) -> None:
        if self._is_phone_sent and not self._is_order_sent:
            self.reached.append("preview-ok")
        self.problem = placement_problem(self.shopper, landing, self.reached)


def payment_path() -> str:
    """Return the path of the first page of the payment step."""
    try:
        return reverse("checkout:payment-method")
    except NoReverseMatch:
        return reverse("checkout:payment-details")


def no_choice(landing: Landing) -> Problem:
    """Return the problem of a page without a choice "mpesa": the page of payment methods, even if it leads on."""
    visit = next((each for each in landing.visits if name_of(each.path) == "payment-method"), landing.page)
    place = view_method_of(visit)
    if visit.location and place is not None:
        return Problem(name="no-choice", params={"by": place.label, "path": visit.path, "line": CHOICE_LINE})
    if visit.location and visit.record.views:
        line = "class PaymentMethodView(MpesaPaymentMethodMixin, views.PaymentMethodView):"
        return Problem(name="no-mixin", params={"view": view_of(visit), "line": line})
    return Problem(name="no-choice", params={"by": view_of(visit), "path": visit.path, "line": CHOICE_LINE})


def _last_place(choices: list[tuple[Any, Place | None]]) -> str:
    places = [place for _code, place in choices if place is not None]
    return places[-1].label if places else ""
