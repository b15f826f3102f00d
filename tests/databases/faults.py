"""Faults around the shop, each a context manager: its cache, mail server, database, own code and clock, and Daraja."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.db import connection, connections, transaction
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.test import override_settings
from oscar.apps.order.signals import order_placed, order_status_changed

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.signals import order_paid, order_unpaid, payment_failed, receipt_unmatched
from tests.databases import faulty_daraja
from tests.databases.sales import Sale
from tests.outages import redis_cache, silent_server

#: Seconds for the work of one request or command, on a busy machine. A fault's time limits come on top.
QUICK = 5.0

#: Seconds: the app's time limits for a push, a token, a status check, one from a page, those before a closure or
#: another push, and an email.
PUSH, TOKEN, QUERY, POLL, UNCLEAR, EMAIL = 15, 6, 10, 2, 8, 10


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and the seconds of its acts in which the app may wait for it; none where it need not wait."""

    name: str
    begin: Callable[[Sale], AbstractContextManager[None]]
    waits: Mapping[str, float] = field(default_factory=dict)

    def max_seconds(self, act: str) -> float:
        """Return the most seconds that a request or command may take."""
        return QUICK + self.waits.get(act, 0)


class RaisingCache(BaseCache):
    """A cache whose server is gone."""

    def __init__(self, _: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _fail(self, *_: Any, **__: Any) -> NoReturn:
        raise ConnectionError("the cache is down")

    add = get = set = touch = delete = clear = get_many = set_many = delete_many = has_key = incr = _fail


@contextmanager
def raising_cache(sale: Sale) -> Iterator[None]:
    """Let every operation of the cache raise."""
    with override_settings(CACHES={"default": {"BACKEND": f"{__name__}.RaisingCache"}}):
        yield


@contextmanager
def hanging_cache(sale: Sale) -> Iterator[None]:
    """Let the Redis server accept connections and say nothing."""
    with silent_server() as port, override_settings(CACHES={"default": redis_cache(port)}):
        yield


@contextmanager
def hanging_mail_server(sale: Sale) -> Iterator[None]:
    """Let the mail server accept connections and say nothing."""
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with silent_server() as port, override_settings(EMAIL_BACKEND=smtp, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
        yield


def failing_daraja(*endpoints: str, by: faulty_daraja.Behavior) -> Callable[[Sale], AbstractContextManager[None]]:
    """Return a fault of these endpoints of Daraja."""

    def begin(sale: Sale) -> AbstractContextManager[None]:
        return sale.daraja.failing(**dict.fromkeys(endpoints, by))

    return begin


@contextmanager
def hanging_tokens(sale: Sale) -> Iterator[None]:
    """Let the token endpoint hang after the last token has ended."""
    cache.clear()
    with sale.daraja.failing(oauth=faulty_daraja.hang):
        yield


def cut_connections() -> None:
    """End every connection to the test's database from a new one, as a restart does."""
    killer: Any = connections.create_connection("default")
    try:
        with killer.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    finally:
        killer.close()


def do_nothing() -> None:
    """Leave the connections as they are."""


@contextmanager
def cut_database(sale: Sale) -> Iterator[None]:
    """Cut the connections during each call to Daraja, and once when a callback is to be stored."""
    behavior = faulty_daraja.after(cut_connections)
    cuts = iter([cut_connections])

    def cut_before_callback(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith('INSERT INTO "oscar_mpesa_mpesacallback"'):
            next(cuts, do_nothing)()
        return execute(sql, *args)

    with (
        sale.daraja.failing(push=behavior, query=behavior),
        connection.execute_wrapper(cut_before_callback),
    ):
        yield


#: The signals of Oscar and of the app that a shop's code receives.
SHOP_SIGNALS: tuple[Signal, ...] = (
    order_placed,
    order_status_changed,
    order_paid,
    order_unpaid,
    payment_failed,
    receipt_unmatched,
)


@contextmanager
def received(receiver: Callable[..., None]) -> Iterator[None]:
    """Connect a receiver to every signal that a shop's code receives."""
    for signal in SHOP_SIGNALS:
        signal.connect(receiver)
    try:
        yield
    finally:
        for signal in SHOP_SIGNALS:
            signal.disconnect(receiver)


@contextmanager
def raising_receiver(sale: Sale) -> Iterator[None]:
    """Let the shop's receivers raise."""

    def fail(**_: Any) -> None:
        raise RuntimeError("the shop's receiver fails")

    with received(fail):
        yield


@contextmanager
def raising_hook(sale: Sale) -> Iterator[None]:
    """Let what the shop's receivers do after the commit raise, after new payments too."""

    def fail() -> None:
        raise RuntimeError("the shop's hook fails")

    def register(**_: Any) -> None:
        transaction.on_commit(fail)

    def register_for_payment(*, created: bool, **_: Any) -> None:
        if created:
            transaction.on_commit(fail)

    post_save.connect(register_for_payment, sender=MpesaPayment)
    with received(register):
        yield
    post_save.disconnect(register_for_payment, sender=MpesaPayment)


def jumping_clock(**jump: float) -> Callable[[Sale], AbstractContextManager[None]]:
    """Return a fault that sets the clock, and sets it right at the end."""

    @contextmanager
    def begin(sale: Sale) -> Iterator[None]:
        sale.clock.move(**jump)
        yield
        sale.clock.move(**{unit: -number for unit, number in jump.items()})

    return begin


#: Waits for each call that a hanging Daraja does not answer. A closure and a retry query unclear payments first.
CALLS = {"place": PUSH, "callback": 0, "poll": POLL, "retry": UNCLEAR + PUSH, "reconcile": QUERY, "close": UNCLEAR}

FAULTS = [
    Fault(name="cache raising", begin=raising_cache),
    Fault(name="cache hanging", begin=hanging_cache),
    Fault(name="SMTP hanging", begin=hanging_mail_server, waits={"reconcile": EMAIL}),
    Fault(name="token endpoint hanging", begin=hanging_tokens, waits={**CALLS, "place": TOKEN, "retry": TOKEN}),
    Fault(name="Daraja hanging", begin=failing_daraja("push", "query", by=faulty_daraja.hang), waits=CALLS),
    Fault(name="Daraja 503 HTML", begin=failing_daraja("push", "query", by=faulty_daraja.html_503)),
    Fault(name="Daraja 404 gateway fault", begin=failing_daraja("push", "query", by=faulty_daraja.gateway_404)),
    Fault(name="Daraja connection reset", begin=failing_daraja("push", "query", by=faulty_daraja.reset)),
    Fault(name="database connection cut", begin=cut_database),
    Fault(name="shop receiver raising", begin=raising_receiver),
    Fault(name="shop hook raising", begin=raising_hook),
    Fault(name="clock 2 days forward", begin=jumping_clock(days=2)),
    Fault(name="clock 1 hour back", begin=jumping_clock(hours=-1)),
]
