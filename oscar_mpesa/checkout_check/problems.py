"""A problem that a walk met, and the line of code that solves it."""

from __future__ import annotations

from dataclasses import dataclass, field

from oscar_mpesa.checkout_check.code_places import Place

_IF_MPESA = 'if self.checkout_session.payment_method() == "mpesa": '
_IF_MPESA_IN_REQUEST = 'if CheckoutSessionData(request).payment_method() == "mpesa": '

#: A line for a middleware, which sees all pages.
MIDDLEWARE_LINE = 'if request.path.startswith(reverse("checkout:index")): return self.get_response(request)'

#: The methods of a middleware.
MIDDLEWARE_METHODS = ("__call__", "__acall__", "process_request", "process_view", "process_response")

#: The README's line for a form of payment methods.
CHOICE_LINE = 'choices = [("card", "Card"), ("mpesa", "M-PESA")]'

#: Lines for templates of the shop's own.
FORM_LINES = (
    '<form method="post" action="{% url \'checkout:preview\' %}" id="place_order_form">{% csrf_token %}'
    '<input type="hidden" name="action" value="place_order"><button>…</button></form>'
)
BLOCK_LINE = "{% block payment_method %}{% endblock %}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong: the name of a finding, and the values of its texts."""

    name: str
    params: dict[str, object] = field(default_factory=dict)


def line_for(place: Place | None, *, is_condition: bool = False) -> str:
    """Return the line that lets M-PESA pass a method or function of the shop."""
    if place is None:
        return "# …"
    if place.owner is None:
        return f"{_IF_MPESA_IN_REQUEST}return view(request, *args, **kwargs)"
    if place.name in MIDDLEWARE_METHODS:
        return MIDDLEWARE_LINE
    if is_condition and not _is_inherited(place):
        return f"{_IF_MPESA}return"
    test = _IF_MPESA_IN_REQUEST if place.name in ("dispatch", "setup") else _IF_MPESA
    return f"{test}return super().{place.name}({place.arguments})"


def mixin_line(view: type) -> str:
    """Return the first line of a view's class, with our mixin as its first base."""
    bases = [base.__name__ for base in view.__bases__ if base.__name__ != "MpesaPaymentDetailsMixin"]
    return f"class {view.__name__}({', '.join(['MpesaPaymentDetailsMixin', *bases])}):"


def _is_inherited(place: Place) -> bool:
    return any(place.name in vars(base) for base in (place.owner.__mro__[1:] if place.owner else ()))
