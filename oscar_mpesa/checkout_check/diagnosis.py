"""Find the class and the method that stand in the way of M-PESA, from what ran in the visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.views import View

from oscar_mpesa.checkout_check.browser import Visit, name_of
from oscar_mpesa.checkout_check.code_places import (
    Place,
    Side,
    class_label,
    implementation,
    innermost_of_shop,
    places_in,
    side_of,
)
from oscar_mpesa.checkout_check.landings import Kind, Landing
from oscar_mpesa.checkout_check.problems import Problem, line_for, mixin_line
from oscar_mpesa.checkout_check.recorder import Recording
from oscar_mpesa.domain.method_code import is_mpesa

#: Our mixin by its name, because this package is below the checkout.
_MIXIN = "MpesaPaymentDetailsMixin"

#: Methods of Oscar's views that a shop may override, the most telling first.
_PAGE_METHODS = (
    "dispatch",
    "get",
    "post",
    "get_skip_conditions",
    "check_skip_conditions",
    "get_pre_conditions",
    "check_pre_conditions",
    "check_payment_data_is_captured",
    "handle_payment_details_submission",
    "handle_place_order_submission",
    "render_payment_details",
    "render_preview",
    "render_to_response",
    "get_template_names",
    "get_context_data",
    "build_submission",
)
#: The methods of Oscar and of our phone step that call the conditions of a step, one by one.
_CONDITIONS = ("check_pre_conditions", "check_skip_conditions", "_check_one")

#: Oscar's methods that place an order, in the order of their calls.
ORDER_METHODS = (
    "submit",
    "handle_order_placement",
    "place_order",
    "handle_successful_order",
    "get_initial_order_status",
    "handle_payment",
    "get_success_url",
)


def diagnose(landing: Landing, step: str) -> Problem:
    """Return why a landing is not the step that a shopper with M-PESA should reach."""
    return (
        _broken(landing.page)
        or mixin_problem(landing.visits)
        or lost_choice(landing.visits)
        or _obstacle(landing, step)
    )


def _broken(visit: Visit) -> Problem | None:
    if visit.error is not None:
        return error_problem("page-broken", visit.error, record=visit.record, path=visit.path)
    if visit.status >= 400:
        return Problem(name="page-refused", params={"path": visit.path, "status": visit.status, "by": _refuser(visit)})
    return None


def _refuser(visit: Visit) -> str:
    """Return who refused a request: what raised, or forbade the method, or answered."""
    raised = [innermost_of_shop(error) for error, _catcher in visit.record.caught]
    place = next((place for place in reversed(raised) if place is not None), None)
    views = [cls for view in visit.record.views for cls in view.__mro__ if not _is_known(cls)]
    forbidding = next((cls for cls in views if "http_method_names" in vars(cls)), None)
    if place is None and visit.status == 405 and forbidding is not None:
        return f"{class_label(forbidding)}.http_method_names"
    return _label(place or _answerer(visit))


def _is_known(cls: type) -> bool:
    return cls.__module__.startswith(("django.", "oscar.", "oscar_mpesa.")) or cls is object


def error_problem(name: str, error: BaseException, *, record: Recording | None = None, **params: object) -> Problem:
    """Return a problem that names the line of the shop's code that raised, and the error.

    Without such a line, it names the shop's method that ran last before it.
    """
    place = innermost_of_shop(error)
    if place is None and record is not None:
        place = first_obstacle(record) or _last_of_shop(record)
    where = f"{place.label}, line {place.line}" if place is not None else "django"
    text = f"{type(error).__name__}: {error}"[:200]
    return Problem(name=name, params={**params, "by": where, "error": text})


def mixin_problem(visits: Iterable[Visit]) -> Problem | None:
    """Return whether a view of the payment step lacks our mixin, or has it behind Oscar's view."""
    for visit in visits:
        if name_of(visit.path) not in ("payment-details", "preview"):
            continue
        for view in visit.record.views[:1]:
            problem = _mixin_problem_of(view)
            if problem is not None:
                return problem
    return None


def _mixin_problem_of(view: type) -> Problem | None:
    names = [cls.__name__ for cls in view.__mro__]
    if _MIXIN not in names:
        return Problem(name="no-mixin", params={"view": class_label(view), "line": mixin_line(view)})
    before = view.__mro__[: names.index(_MIXIN)]
    owner = next((cls for cls in view.__mro__ if any(base.__name__ == _MIXIN for base in cls.__bases__[1:])), view)
    if any(side_of(cls.__module__, "") is Side.OSCAR and "submit" in vars(cls) for cls in before):
        return Problem(name="mixin-order", params={"view": class_label(owner), "line": mixin_line(owner)})
    return None


def lost_choice(visits: Iterable[Visit]) -> Problem | None:
    """Return who took the choice of M-PESA out of the session, if it was there before."""
    for visit in visits:
        was_chosen = is_mpesa(visit.choice_before) or any(is_mpesa(code) for code, _ in visit.record.choices)
        if was_chosen and not is_mpesa(visit.choice):
            place = next(iter(visit.record.losses[-1:]), None) or first_obstacle(visit.record)
            by = _label(place) if place is not None else view_of(visit)
            line = 'self.checkout_session.pay_by("mpesa")'
            return Problem(name="choice-lost", params={"path": visit.path, "by": by, "line": line})
    return None


def _obstacle(landing: Landing, step: str) -> Problem:
    place, is_condition = obstacle_in(landing)
    path = landing.paths if landing.kind is Kind.CIRCLE else landing.target or landing.page.path
    if place is None:
        params = {"by": view_of(landing.page), "template": template_of(landing.page)}
        return Problem(name="not-reached", params={**params, "step": step, "path": path})
    name = "circle" if landing.kind is Kind.CIRCLE else "in-the-way"
    line = line_for(place, is_condition=is_condition)
    return Problem(name=name, params={"by": _in_view(place, landing), "step": step, "path": path, "line": line})


def _in_view(place: Place, landing: Landing) -> str:
    """Return the place's name, and the view that inherits it."""
    views = [view for visit in landing.visits for view in visit.record.views if not _is_known(view)]
    heirs = [view for view in views if place.owner in view.__mro__ and class_label(view) not in place.label]
    return f"{place.label} ({class_label(heirs[0])})" if heirs and place.owner is not None else place.label


def obstacle_in(landing: Landing) -> tuple[Place | None, bool]:
    """Return the place of the shop's code that led here, and whether it is a condition of a step.

    The first visit is the click itself. It counts only if nothing after it does.
    """
    for visit in [*landing.visits[1:], landing.visits[0]]:
        condition = _condition_of(visit)
        if condition is not None:
            return condition, True
        place = _answerer(visit)
        if place is not None and place.side.is_shops:
            return _as_view(visit, place), False
    for visit in reversed(landing.visits):
        place = _first_of_chain(visit) or first_obstacle(visit.record)
        if place is not None:
            return place, False
    for visit in reversed(landing.visits):
        place = view_method_of(visit)
        if place is not None:
            return place, False
    data = [call.place for visit in landing.visits for call in visit.record.calls if not issubclass(call.view, View)]
    return (data[-1] if data else None), False


def view_method_of(visit: Visit) -> Place | None:
    """Return the innermost method of a view of the shop that returned the response."""
    places = [place for place in visit.record.chain(visit.response) if place.side.is_shops]
    return next((place for place in places if place.owner is not None and issubclass(place.owner, View)), None)


def _as_view(visit: Visit, place: Place) -> Place:
    """Return the function that the URL names, if a function that it calls made the response."""
    name = getattr(getattr(visit.request.resolver_match, "func", None), "__name__", "")
    named = [each for each in visit.record.chain(visit.response) if each.owner is None and each.name == name]
    return named[0] if named and place.owner is None else place


def _last_of_shop(record: Recording) -> Place | None:
    return next((call.place for call in reversed(record.calls) if call.place.side.is_shops), None)


def _first_of_chain(visit: Visit) -> Place | None:
    """Return the innermost method of the shop that returned the page, and did not call the one that it overrides."""
    labels = {place.label for place in _swallowing(visit.record)}
    return next((place for place in visit.record.chain(visit.response) if place.label in labels), None)


def _condition_of(visit: Visit) -> Place | None:
    """Return the condition that redirected, or else the shop's method that lists one of Oscar's."""
    answer = _answerer(visit)
    raised = [error for error, catcher in visit.record.caught if catcher == "dispatch" and _is_redirecting(error)]
    if not visit.location or not raised or answer is None or answer.side.is_shops:
        return None
    places = places_in(raised[-1].__traceback__)
    callers = [number for number, place in enumerate(places[:-1]) if place.name in _CONDITIONS]
    if callers and places[callers[-1] + 1].side.is_shops:
        return places[callers[-1] + 1]
    listing = [call.place for call in visit.record.calls if call.place.name.endswith("_conditions")]
    return next((place for place in listing if place.side.is_shops), None)


def _is_redirecting(error: BaseException) -> bool:
    return any(cls.__name__ in ("FailedPreCondition", "PassedSkipCondition") for cls in type(error).__mro__)


def first_obstacle(record: Recording, names: Iterable[str] = (*_PAGE_METHODS, *ORDER_METHODS)) -> Place | None:
    """Return a method of the shop that did not call the one that it overrides, the most telling first."""
    swallowing = list(_swallowing(record))
    return next((place for name in names for place in swallowing if place.name == name), None)


def _swallowing(record: Recording) -> Iterator[Place]:
    executed = {call.code for call in record.calls}
    for call in record.calls:
        owner, name = call.place.owner, call.place.name
        if not call.place.side.is_shops or owner is None or owner not in call.view.__mro__:
            continue
        rest = call.view.__mro__[call.view.__mro__.index(owner) + 1 :]
        following = next((code for code in (implementation(cls, name) for cls in rest) if code is not None), None)
        if following is not None and following not in executed:
            yield call.place


def _answerer(visit: Visit) -> Place | None:
    return visit.record.answerer(visit.response) if visit.response is not None else None


def _label(place: Place | None) -> str:
    return place.label if place is not None else "?"


def view_of(visit: Visit) -> str:
    """Return the dotted name of the view that ran first in a visit, or else its path."""
    views = visit.record.views
    return class_label(views[0]) if views else visit.path


def template_of(visit: Visit) -> str:
    """Return the name of the template of a page: the shop's, if ours extends it."""
    context = getattr(visit.response, "context_data", None) or {}
    names = context.get("base_template") or getattr(visit.response, "template_name", None) or "?"
    name = names if isinstance(names, str) else str(names[0])
    return "oscar/checkout/layout.html" if name.startswith("oscar_mpesa/") else name
