"""The kinds of shops that the app is tested in. Each is a package with its settings and its own checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLACE = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True)
class Method:
    """A payment method of the shop: its code or its label, and how often the card processor is called for it."""

    name: str
    charges: int = 1


CARD = Method(name="card")
CASH = Method(name="cash", charges=0)
PAYPAL = Method(name="paypal")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A kind of shop. ``package`` is its folder, ``words`` describes it to a store owner."""

    number: int
    package: str
    words: str
    settings: str = "settings"
    methods: tuple[Method, ...] = ()
    #: What a product of KSh 1,500 costs here with tax, and what M-PESA takes for it in whole shillings.
    total: str = "1500.00"
    shillings: int = 1500
    #: Whether only users can order.
    needs_account: bool = False
    #: What the table shows in columns that the shop does not fill itself. "" as a column: in all of them.
    notes: Mapping[str, str] = field(default_factory=dict)
    #: The variable of the environment without which the shop is not run.
    needs: str = ""
    #: Management commands that are run before the purchases.
    prepare: tuple[tuple[str, ...], ...] = ()
    #: Whether the purchases of all shops are made, besides its own.
    has_pages: bool = True
    #: The language in which the shopper buys. Empty: the shop's own.
    language: str = ""
    #: Files that the count of lines leaves out, by the beginnings of their names.
    unread: tuple[str, ...] = ("settings", "purchases")
    #: Whether entering the phone number places the order, so that no preview follows.
    is_placed_by_phone: bool = False
    #: Whether ``make test`` runs it. ``make test-slow`` runs all others.
    is_quick: bool = False

    @property
    def is_run(self) -> bool:
        """Return whether the shop can be run here."""
        return bool(self.package) and (not self.needs or bool(os.environ.get(self.needs)))

    @property
    def settings_module(self) -> str:
        """Return the name for ``DJANGO_SETTINGS_MODULE``."""
        return f"tests.stores.{self.package}.{self.settings}"

    @property
    def place(self) -> Path:
        """Return the shop's folder."""
        return PLACE / self.package


#: What our own form calls the method of a shop that has no form to choose one.
ANOTHER = Method(name="Another way to pay")

#: What a shop's own code can do to Oscar's checkout.
CHECKOUTS = (
    Shape(number=1, package="unforked", words="Oscar's own checkout, in a new shop"),
    Shape(number=2, package="oscar_sandbox", words="The settings of Oscar's sandbox"),
    Shape(number=3, package="duka", words="A page of your own for the method", methods=(CARD, CASH), is_quick=True),
    Shape(number=4, package="details_chooser", words="The method on the payment-details page", methods=(CARD, CASH)),
    Shape(number=5, package="skipped_details", words="Payment details skipped by a condition", methods=(ANOTHER,)),
    Shape(number=6, package="redirected_details", words="Payment details redirect to the preview", methods=(CASH,)),
    Shape(number=7, package="card_guard", words="No preview without a card", methods=(CARD,)),
    Shape(number=8, package="details_post", words="Payment details that take the card", methods=(CARD,)),
    Shape(
        number=9,
        package="preview_chooser",
        words="The method on the preview",
        methods=(CARD, CASH),
        is_placed_by_phone=True,
        is_quick=True,
    ),
    Shape(number=10, package="direct_urls", words="URLs that name the view classes", methods=(ANOTHER,)),
    Shape(number=12, package="languages", words="Four languages", methods=(CASH,), language="sw"),
)

#: Shops without pages have other lines.
BY_API = dict.fromkeys(("lines", "README"), "docs/api.md")

#: What gateways, settings and other apps can do.
SURROUNDINGS = (
    Shape(number=11, package="stripe", words="Cards on a gateway's page, as django-oscar-stripe-sca", methods=(CARD,)),
    Shape(
        number=11,
        package="stripe",
        settings="settings_details",
        words="The same with the gateway's view as payment details",
        methods=(CARD,),
    ),
    Shape(number=11, package="redsys", words="Cards that the bank reports, as django-oscar-redsys", methods=(CARD,)),
    Shape(number=11, package="paypal", words="PayPal and cards, as django-oscar-paypal", methods=(PAYPAL, CARD)),
    Shape(
        number=13,
        package="postgresql",
        words="PostgreSQL, and a transaction around each request",
        methods=(CARD,),
        needs="TEST_DATABASE_URL",
        notes={"": "needs PostgreSQL"},
    ),
    Shape(number=14, package="own_words", words="Statuses of your own, without a pipeline", methods=(CARD,)),
    Shape(
        number=14,
        package="own_words",
        settings="settings_pipeline",
        words="Statuses of your own, in a pipeline",
        methods=(CARD,),
    ),
    Shape(
        number=15,
        package="headless",
        words="django-oscar-api, for apps that pay by M-PESA only",
        has_pages=False,
        notes=BY_API,
    ),
    Shape(
        number=15,
        package="headless",
        settings="settings_chosen",
        words="django-oscar-api, for apps that choose the method",
        methods=(CASH,),
        has_pages=False,
        notes=BY_API,
    ),
    Shape(
        number=16,
        package="members",
        words="Users with a UUID, sign-in by email, no guests",
        methods=(CARD,),
        needs_account=True,
    ),
    Shape(number=17, package="", words="The oldest and newest Oscar, Django and Python", notes={"": "by make matrix"}),
    Shape(
        number=18,
        package="us_taxes",
        words="American taxes, cents and two currencies",
        methods=(CARD,),
        total="1633.12",
        shillings=1634,
    ),
    Shape(
        number=19,
        package="sub_path",
        words="Several sites, below a path, own class loader, order numbers with slashes",
        methods=(CARD,),
    ),
    Shape(
        number=20,
        package="strict",
        words="Static files by their manifest, and a strict content security policy",
        methods=(CARD,),
        prepare=(("collectstatic", "--noinput", "--verbosity=0"),),
    ),
)

SHAPES = tuple(sorted((*CHECKOUTS, *SURROUNDINGS), key=lambda shape: shape.number))


def shape_of(settings_module: str) -> Shape:
    """Return the shape whose package contains a settings module."""
    package = settings_module.split(".")[-2]
    exact = [shape for shape in SHAPES if shape.settings_module == settings_module]
    return next(shape for shape in [*exact, *SHAPES] if shape.package == package)
