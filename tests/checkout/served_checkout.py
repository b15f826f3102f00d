"""A shop that a test serves from this process: its views, URLs, templates, settings, and what stands around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.dispatch import Signal
from oscar.apps.checkout import views
from oscar.apps.checkout.utils import CheckoutSessionData
from oscar.apps.order.utils import OrderCreator
from oscar.apps.partner.strategy import Selector

from tests.checkout.shop_checkouts import use_checkout, use_config


@dataclass(frozen=True, kw_only=True)
class BrokenCheckout:
    """A shop, and where a purchase fails in it.

    A check of the checkout is expected to name one of ``culprits``: a class, a function, a template, a setting, or
    ``Class.method``. A class on its own is also named by any of its methods. For a shop without a ``stage``, a check
    is expected to report nothing.
    """

    name: str
    #: What is not reached: "phone", "preview", "order", "push", or "other method". Empty if all is well.
    stage: str = ""
    culprits: tuple[str, ...] = ()
    details: type = views.PaymentDetailsView
    method: type = views.PaymentMethodView
    config: type | None = None
    #: Changes of ``OSCAR_MPESA``.
    mpesa: Mapping[str, Any] = field(default_factory=dict)
    middleware: tuple[str, ...] = ()
    context_processors: tuple[str, ...] = ()
    #: Templates of the shop's own, by their names.
    templates: Mapping[str, str] = field(default_factory=dict)
    receivers: tuple[tuple[Signal, Callable[..., Any]], ...] = ()
    #: What the shop has in place of Oscar's own classes. ``prices`` is its selector of a strategy.
    session: type = CheckoutSessionData
    creator: type = OrderCreator
    prices: type = Selector
    #: The code of the method that breaks, if it is not M-PESA.
    other: str = ""

    @contextmanager
    def serve(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
        """Let this shop sell until the block ends."""
        settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **self.mpesa}
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, *self.middleware]
        settings.TEMPLATES = self._templates(settings.TEMPLATES)
        monkeypatch.setattr("oscar.apps.checkout.session.CheckoutSessionData", self.session)
        monkeypatch.setattr("oscar.apps.checkout.mixins.OrderCreator", self.creator)
        monkeypatch.setattr("oscar.apps.basket.middleware.selector", self.prices())
        if self.config is None:
            use_checkout(monkeypatch, settings, self.details, self.method)
        else:
            use_config(monkeypatch, settings, self.config)
        for signal, receiver in self.receivers:
            signal.connect(receiver)
        yield
        for signal, receiver in self.receivers:
            signal.disconnect(receiver)

    def _templates(self, configured: list[dict[str, Any]]) -> list[dict[str, Any]]:
        engine = deepcopy(configured[0])
        engine["APP_DIRS"] = False
        engine["OPTIONS"]["context_processors"] += self.context_processors
        engine["OPTIONS"]["loaders"] = [
            ("django.template.loaders.locmem.Loader", dict(self.templates)),
            "django.template.loaders.filesystem.Loader",
            "django.template.loaders.app_directories.Loader",
        ]
        return [engine, *configured[1:]]
