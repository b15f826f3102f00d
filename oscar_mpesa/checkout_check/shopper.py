"""Give a browser a basket, and what the steps before the payment ask for. A rollback takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from oscar.core.loading import get_class, get_model

from oscar_mpesa.checkout_check.browser import Browser
from oscar_mpesa.domain.money import CURRENCY, MAXIMUM, MINIMUM

#: How many products are looked at to find one that can be bought.
MOST_PRODUCTS = 300

#: Who the throw-away order is for. Nobody receives mail there, even if the shop's code sends one at once.
EMAIL = "mpesa-check@shop.invalid"

_WORD = "M-PESA check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """A browser with a filled basket, in front of the payment step."""

    browser: Browser
    basket: Any
    user: Any


class NoProduct(Exception):
    """No product can be bought in Kenya shillings. The argument lists the currencies of those that were found."""


def new_shopper(browser: Browser, *, is_staff: bool) -> Shopper:
    """Fill a basket and the checkout's session. Raises ``NoProduct``.

    Must run in a transaction that is rolled back. The shopper is a guest, unless the shop sells to users only or
    ``is_staff`` is set. Then it is a new user.
    """
    needs_user = is_staff or not getattr(settings, "OSCAR_ALLOW_ANON_CHECKOUT", False)
    user = _new_user(is_staff=is_staff) if needs_user else AnonymousUser()
    request = _first_request(browser, user)
    product = _purchasable_product(request)
    basket = get_model("basket", "Basket").objects.create(owner=user if needs_user else None)
    basket.strategy = request.strategy  # type: ignore[attr-defined]
    basket.add_product(product, 1)
    if not needs_user:
        _store_basket(browser, request, basket)
    _take_steps(request, basket, user)
    request.session.save()
    _store_session(browser, request.session)
    return Shopper(browser=browser, basket=basket, user=user)


def choose_quietly(browser: Browser, code: str) -> None:
    """Store a choice of payment method in the session, without any page of the shop."""
    request = browser.visits[-1].request
    session = type(request.session)(request.session.session_key)
    request.session = session
    get_class("checkout.utils", "CheckoutSessionData")(request).pay_by(code)
    session.save()
    _store_session(browser, session)


def _first_request(browser: Browser, user: Any) -> HttpRequest:
    """Open the basket's page, so that the shop's middleware prepares a request as it does for a shopper."""
    try:
        path = reverse("basket:summary")
    except NoReverseMatch:
        path = reverse("checkout:index")
    request = browser.open(path).request
    request.user = user
    if not isinstance(getattr(request, "session", None), SessionBase):
        request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    if user.is_authenticated or not hasattr(request, "strategy"):
        selector = get_class("partner.strategy", "Selector")()
        request.strategy = selector.strategy(request=request, user=user)  # type: ignore[attr-defined]
    if user.is_authenticated:
        _sign_in(request.session, user)
    return request


def _purchasable_product(request: Any) -> Any:
    """Return a product with a price in Kenya shillings that M-PESA can take, and stock if it needs any."""
    currencies: set[str] = set()
    for product in _products():
        info = request.strategy.fetch_for_product(product)
        price = info.price
        if price.exists:
            currencies.add(str(price.currency))
        if not price.exists or price.currency != CURRENCY:
            continue
        amount = price.incl_tax if price.is_tax_known else price.excl_tax
        if MINIMUM <= amount <= MAXIMUM / 2 and info.availability.is_purchase_permitted(1)[0]:
            return product
    raise NoProduct(", ".join(sorted(currencies)) or "-")


def _products() -> Iterator[Any]:
    """Yield products that may be bought, those with a stock record in Kenya shillings first."""
    products = get_model("catalogue", "Product").objects.filter(is_public=True).exclude(structure="parent")
    priced = products.filter(stockrecords__price_currency=CURRENCY, stockrecords__price__gte=MINIMUM)
    stocked = priced.order_by("-stockrecords__num_in_stock", "pk")[:MOST_PRODUCTS]
    yield from stocked
    yield from products.order_by("pk")[:MOST_PRODUCTS]


def _store_basket(browser: Browser, request: HttpRequest, basket: Any) -> None:
    middleware = get_class("basket.middleware", "BasketMiddleware")(lambda _request: None)
    browser.factory.cookies[middleware.get_cookie_key(request)] = middleware.get_basket_hash(basket.pk)


def _store_session(browser: Browser, session: Any) -> None:
    browser.factory.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def _take_steps(request: HttpRequest, basket: Any, user: Any) -> None:
    """Store what Oscar's steps before the payment store: email, address and shipping method."""
    data = get_class("checkout.utils", "CheckoutSessionData")(request)
    if not user.is_authenticated:
        data.set_guest_email(EMAIL)
    address = None
    if basket.is_shipping_required():
        fields = _address_fields()
        data.ship_to_new_address(fields)
        address = get_model("order", "ShippingAddress")(**fields)
    repository = get_class("shipping.repository", "Repository")()
    methods = repository.get_shipping_methods(basket=basket, user=user, shipping_addr=address, request=request)
    if methods:
        data.use_shipping_method(methods[0].code)
    data.bill_to_shipping_address()


def _address_fields() -> dict[str, Any]:
    countries = get_model("address", "Country").objects
    kenya = countries.filter(pk="KE").first() or countries.filter(is_shipping_country=True).first()
    country = kenya or countries.create(
        iso_3166_1_a2="KE", iso_3166_1_a3="KEN", name="Kenya", printable_name="Kenya", is_shipping_country=True
    )
    known = {"first_name": "M-PESA", "last_name": "Check", "line1": _WORD, "line4": "Nairobi", "postcode": "00100"}
    missing = _required_values(get_model("order", "ShippingAddress"), known)
    return {**missing, **known, "country_id": country.pk}


def _new_user(*, is_staff: bool) -> Any:
    model: Any = get_user_model()
    word = f"mpesa-check-{token_hex(6)}"
    fields = {field.name for field in model._meta.concrete_fields}
    email = f"{word}@shop.invalid"
    known = {"email": email, "is_staff": is_staff, "is_active": True}
    known[model.USERNAME_FIELD] = email if "email" in model.USERNAME_FIELD else word
    known = {name: value for name, value in known.items() if name in fields}
    user = model(**{**_required_values(model, known), **known})
    user.set_unusable_password()
    user.save()
    return user


def _required_values(model: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Return a value for each text or number that the model requires and that is not known."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.name in known or field.blank or field.null or field.has_default() or field.primary_key:
            continue
        if isinstance(field, models.CharField | models.TextField):
            values[field.name] = next(iter(field.choices or [(_WORD, "")]))[0][: field.max_length]
        elif isinstance(field, models.IntegerField | models.DecimalField):
            values[field.name] = 1
    return values


def _sign_in(session: Any, user: Any) -> None:
    """Sign in without Django's signal, because receivers of it may tell other systems."""
    paths = [path for path in settings.AUTHENTICATION_BACKENDS if hasattr(load_backend(path), "get_user")]
    session[SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[BACKEND_SESSION_KEY] = paths[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
