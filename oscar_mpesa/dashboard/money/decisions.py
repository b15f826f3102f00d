"""Ask, show what a decision about money would do, and make it once it is confirmed. All decisions share this page."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.generic import TemplateView

from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.effects import effects_of
from oscar_mpesa.dashboard.money.facts import OrderFacts
from oscar_mpesa.dashboard.money.forms import DashboardForm
from oscar_mpesa.dashboard.viewer import Viewer, viewer_of
from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.exceptions import DecisionRefused, NoDecisionNeeded, RefundKnown
from oscar_mpesa.services.preview import EffectsChanged, Preview, do_as_agreed, preview


class CustomerNotAccepted(DecisionRefused):
    """Staff chose another customer's order without accepting that."""

    sentence = gettext_noop("This order is somebody else's. Accept that, or choose another order.")


class AlreadyDone(NoDecisionNeeded):
    """The money is already where the decision would bring it: the form was sent twice."""

    sentence = gettext_noop("This was done already. Nothing was changed again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What staff read before they confirm. ``acceptance`` is what they must tick, "" for nothing."""

    typed: list[tuple[str, Any]]
    effects: list[str]
    cautions: list[str]
    order: OrderFacts | None = None
    acceptance: str = ""
    other_money: Any = None


class DecisionView(ABC, DashboardMixin, TemplateView):
    """A page that asks for a decision, shows what it would do, and makes it once the user confirms.

    A POST without ``confirmed`` shows the review. One with it makes the decision if its effects are still those that
    the user agreed to; else the new review is shown. Subclasses load their rows and call one service.
    """

    template_name = "oscar_mpesa/dashboard/money/decision.html"
    tab = "mpesa-receipts"
    form_class: type[DashboardForm] = DashboardForm
    heading: Any = ""
    button: Any = ""
    intro: Any = ""
    receipt: MpesaReceipt | None = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form."""
        self.load(**kwargs)
        return self.page(self.make_form(initial=self.initial()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form again, its review, or the page of what was decided."""
        self.load(**kwargs)
        form, now = self.make_form(request.POST), timezone.now()
        if not form.is_valid() or not self.find(form) or "change" in request.POST:
            return self.page(form)
        try:
            return self.review_or_decide(form, now)
        except (NoDecisionNeeded, RefundKnown) as refusal:
            messages.warning(request, _(refusal.sentence))
            return redirect(self.back())
        except DecisionRefused as refusal:
            return self.refused(form, refusal)

    def review_or_decide(self, form: Any, now: datetime) -> HttpResponse:
        """Return the review, or make the decision that it showed. Raises ``DecisionRefused``."""
        if "confirmed" not in self.request.POST:
            return self.review(form, self.preview(form, now))
        if self.acceptance() and not form.cleaned_data.get("accept_customer"):
            return self.review(form, self.preview(form, now), error=_(CustomerNotAccepted.sentence))
        try:
            agreed = self.request.POST.get("agreed", "")
            result = do_as_agreed(lambda: self.decide(form, now), agreed=agreed, **self.concerned())
        except NoDecisionNeeded:
            raise
        except DecisionRefused:
            self.refuse_repetition()
            raise
        except EffectsChanged as changed:
            self.refuse_repetition()
            return self.review(form, changed.preview, notice=_("This changed meanwhile. Please double-check again."))
        messages.success(self.request, self.done(form, result))
        return redirect(self.after(result))

    def preview(self, form: Any, now: datetime) -> Preview:
        """Return what the decision would do. Raises ``DecisionRefused``."""
        return preview(lambda: self.decide(form, now), **self.concerned())

    def concerned(self) -> dict[str, Any]:
        """Return the receipt and the orders that the decision is about."""
        return {"receipt": self.receipt, "order_ids": self.order_ids()}

    def refuse_repetition(self) -> None:
        """Raise ``AlreadyDone`` if a confirmed form finds the state that it would bring about."""
        outcome = self.request.POST.get("outcome")
        if outcome and outcome == _hash(_states(preview(lambda: None, **self.concerned()), "before")):
            raise AlreadyDone

    def review(self, form: Any, seen: Preview, *, notice: str = "", error: str = "") -> HttpResponse:
        """Show what the decision would do; its hidden fields repeat the form. The status is 422 with an error."""
        review = Review(
            typed=[(label, value) for label, value in self.typed(form) if value],
            effects=self.effects(form, seen),
            cautions=self.cautions(form),
            order=self.order_facts(seen),
            acceptance=self.acceptance(),
            other_money=self.other_money(form),
        )
        hidden = [(name, self.request.POST.get(name, "")) for name in form.fields if name != "accept_customer"]
        context = self.get_context_data(form=form, review=review, hidden=hidden, notice=notice, error=error)
        context |= {"agreed": seen.fingerprint, "outcome": outcome_of(seen)}
        return self.render_to_response(context, status=422 if error else 200)

    def refused(self, form: Any, refusal: DecisionRefused) -> HttpResponse:
        """Show the form with the refusal."""
        form.add_error(None, _(refusal.sentence))
        return self.page(form)

    def page(self, form: Any, **more: Any) -> HttpResponse:
        """Show the form; the status is 422 if it has errors."""
        was_refused = form.is_bound and bool(form.errors)
        if was_refused:
            form.mark_errors()
        return self.render_to_response(self.get_context_data(form=form, **more), status=422 if was_refused else 200)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the page's words, and the page to go back to."""
        words = {"heading": self.heading, "button": self.button, "intro": self.intro}
        context = super().get_context_data(**words, back=self.back(), **kwargs)
        return {**context, **self.about(shows_phones=context["shows_phones"])}

    @property
    def viewer(self) -> Viewer:
        """Return what the user may see."""
        return viewer_of(self.request.user)

    # What a decision says of itself.

    def load(self, **kwargs: Any) -> None:
        """Load the rows of the URL, or raise ``Http404``."""

    def initial(self) -> dict[str, Any]:
        """Return the form's first values."""
        return {}

    def make_form(self, *args: Any, **kwargs: Any) -> Any:
        """Return the form with these arguments."""
        return self.form_class(*args, **kwargs)

    def find(self, form: Any) -> bool:
        """Load what a valid form names; return false, with an error in the form, if it does not exist."""
        return True

    def about(self, *, shows_phones: bool) -> dict[str, Any]:
        """Return what the page says of the money, for its template."""
        return {}

    def order_ids(self) -> list[int]:
        """Return the ids of the orders that the decision names."""
        return []

    def order_facts(self, seen: Preview) -> OrderFacts | None:
        """Return the order that staff chose, if any."""
        return None

    def acceptance(self) -> str:
        """Return the sentence that staff must tick before they confirm; "" for none."""
        return ""

    @abstractmethod
    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return labels and values of what staff typed; empty values are not shown."""
        ...

    def effects(self, form: Any, seen: Preview) -> list[str]:
        """Return what the decision would do."""
        return effects_of(seen)

    def cautions(self, form: Any) -> list[str]:
        """Return warnings about what staff should look at first."""
        return []

    def other_money(self, form: Any) -> Any:
        """Return the order's other money, where the review's template shows it."""
        return None

    @abstractmethod
    def decide(self, form: Any, now: datetime) -> Any:
        """Call the service. It is called for the preview too, where all of it is rolled back."""
        ...

    @abstractmethod
    def done(self, form: Any, result: Any) -> str:
        """Return what was done, with a link that undoes it where there is one."""
        ...

    @abstractmethod
    def back(self) -> str:
        """Return the URL of the page that shows the money."""
        ...

    def after(self, result: Any) -> str:
        """Return the URL to show once it is decided."""
        return self.back()


def outcome_of(seen: Preview) -> str:
    """Return a short hash of the state that a decision leads to; "" if the state stays as it is.

    It tells a form that is sent twice from one whose money changed meanwhile.
    """
    before, after = _states(seen, "before"), _states(seen, "after")
    return "" if before == after else _hash(after)


def _states(seen: Preview, name: str) -> str:
    """Return the states of the orders and of the money as a text."""
    effects = [*seen.orders, *([seen.money] if seen.money else [])]
    return repr([getattr(each, name) for each in effects])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_link(sentence: str, url: str, label: str) -> str:
    """Return a message for staff with a link after it, such as one that undoes what was done."""
    return format_html('{} <a href="{}">{}</a>', sentence, url, label) if url else sentence
