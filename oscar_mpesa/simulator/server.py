"""Daraja over HTTP, on this machine: it checks what it is sent, posts real callbacks and can go wrong in many ways."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from uuid import uuid4

from oscar_mpesa.daraja.credentials import SANDBOX_SHORTCODE, Credentials
from oscar_mpesa.daraja.json import read_object
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.simulator import replies
from oscar_mpesa.simulator.http_server import HttpServer
from oscar_mpesa.simulator.phones import Phones, current_moment
from oscar_mpesa.simulator.pushes import ReceivedPush, received
from oscar_mpesa.simulator.replies import Refusal, Reply
from oscar_mpesa.simulator.scenario_queue import ScenarioQueue
from oscar_mpesa.simulator.scenarios import Scenario, usual
from oscar_mpesa.simulator.test_numbers import DELAY, MIXED_UP
from oscar_mpesa.simulator.validation import refuse_push, refuse_query

__all__ = ["Simulator"]

#: Everybody's short code and passkey in Safaricom's sandbox, with a key and a secret of the simulator's own.
SANDBOX = Credentials(
    consumer_key="practice-key",
    consumer_secret="practice-secret",
    shortcode=SANDBOX_SHORTCODE,
    passkey="bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919",
    base_url="",
)

#: Seconds: longer than the shop waits for a phone, and than it waits for the answer to a push.
LATE_AFTER, SLOW_FOR = 160.0, 20.0


def keep_quiet(line: str) -> None:
    """Tell nobody."""


class Simulator(Phones):
    """One Daraja on 127.0.0.1, open while its ``with`` block lasts; safe for threads.

    ``scenario`` befalls every push, unless it was scripted or its phone's last digits say otherwise (``disasters``);
    ``seed`` repeats a chaos. ``delay``, ``late_after`` and ``slow_for`` are in seconds; see ``Phones`` for a delay of
    None. ``tell`` hears a line of everything that happens, with no secret and no whole phone number in it.

    ``pushes`` and ``queries`` are those that were let through, ``complaints`` what was wrong with the others and
    with the shop's answers to callbacks. ``ledger`` is the money that was taken.
    """

    def __init__(
        self,
        *,
        credentials: Credentials = SANDBOX,
        port: int = 0,
        scenario: str | None = None,
        seed: int | None = None,
        delay: float | None = DELAY,
        late_after: float = LATE_AFTER,
        slow_for: float = SLOW_FOR,
        tell: Callable[[str], None] = keep_quiet,
    ) -> None:
        super().__init__(delay=delay, tell=tell)
        self.credentials = credentials
        self.late_after = late_after
        self.slow_for = slow_for
        self.pushes: list[ReceivedPush] = []
        self.queries: list[Mapping[str, object]] = []
        self.tokens_given = 0
        self._token = ""
        self._sent_back: set[str] = set()
        self._programme = ScenarioQueue(scenario=scenario, seed=seed)
        self._closes = threading.Event()
        self._listener = HttpServer(self, port=port)
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Where it listens: the shop's ``MPESA_BASE_URL``."""
        return f"http://127.0.0.1:{self._listener.server_port}"

    @property
    def seed(self) -> int:
        """What chaos is drawn by."""
        return self._programme.seed

    def __enter__(self) -> Simulator:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closes.set()
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
        self.hang_up()

    def script(self, *scenarios: str | Scenario) -> None:
        """Say what befalls the next pushes, one after the other, by a name or by a function of your own.

        Raises ``ValueError`` for an unknown name.
        """
        self._programme.add(*scenarios)

    def end_token(self) -> None:
        """Make the token of the day invalid, as another program does that asks for one."""
        self._token = ""

    def refuse_token(self, push: ReceivedPush) -> Reply:
        """End the token and refuse a push for it; the same request is taken when it comes again."""
        self.end_token()
        self._sent_back.add(push.callback_url)
        return replies.NO_TOKEN.reply

    def pause(self, seconds: float) -> None:
        """Let the shop wait, though not for a simulator that closes."""
        self._closes.wait(seconds)

    def get(self, path: str, authorization: str) -> Reply | None:
        """Answer a GET: a token, or the ledger for people."""
        address = urlsplit(path)
        if address.path == "/oauth/v1/generate":
            is_complete = address.query == "grant_type=client_credentials"
            return self.give_token(authorization) if is_complete else self._refuse(replies.NO_GRANT)
        return self._ledger_shown() if address.path == "/ledger" else replies.NO_RESOURCE.reply

    def post(self, path: str, authorization: str, body: bytes) -> Reply | None:
        """Answer a POST; None hangs up."""
        take = {"/mpesa/stkpush/v1/processrequest": self.take_push, "/mpesa/stkpushquery/v1/query": self.take_query}
        if path not in take:
            return self._refuse(replies.NO_RESOURCE)
        if not self._token or authorization != f"Bearer {self._token}":
            return replies.NO_TOKEN.reply
        try:
            fields = read_object(body)
        except ValueError:
            return self._refuse(replies.MALFORMED)
        return take[path](fields)

    def give_token(self, authorization: str) -> Reply:
        """Give a new token, which ends the one before; an empty 400 for a wrong key or secret."""
        pair = f"{self.credentials.consumer_key}:{self.credentials.consumer_secret}"
        if authorization != f"Basic {b64encode(pair.encode()).decode()}":
            self.complain("wrong consumer key or secret")
            return replies.NOBODY
        with self._lock:
            self._token = uuid4().hex
            self.tokens_given += 1
            self._tell("a token was given")
            return replies.token_reply(self._token)

    def take_push(self, fields: Mapping[str, object]) -> Reply | None:
        """Look at a push, and let its scenario go on with it."""
        refusal = refuse_push(fields, self.credentials, now=current_moment())
        if refusal is not None:
            return self._refuse(refusal)
        push, act = self._received(fields)
        self._tell(f"push {push.number}: {ksh(push.amount)} from {push.phone} ({push.scenario})")
        if push.result is MIXED_UP:
            self.complain(f"push {push.number} has till and paybill in each other's place")
        return act(self, push)

    def take_query(self, fields: Mapping[str, object]) -> Reply:
        """Say what became of a push, in one of Safaricom's two ways by turns while that is nothing. No money moves."""
        refusal = refuse_query(fields, self.credentials, now=current_moment())
        if refusal is not None:
            return self._refuse(refusal)
        with self._lock:
            self.queries.append(fields)
            number = len(self.queries)
        push = next((push for push in self.pushes if push.checkout_request_id == fields["CheckoutRequestID"]), None)
        if push is None:
            return replies.NOT_KNOWN.reply
        result = self.result_of(push)
        self._tell(f"push {push.number}: asked, {f'result {result.code}' if result else 'not answered yet'}")
        if result is None and number % 2:
            return replies.NOT_DONE.reply
        return replies.result_reply(push.facts, result or replies.PENDING)

    def _received(self, fields: Mapping[str, object]) -> tuple[ReceivedPush, Scenario]:
        with self._lock:
            number = len(self.pushes) + 1
            name, act = self._scenario_of(fields, number)
            push = received(fields, self.credentials, number=number, scenario=name, now=current_moment())
            self.pushes.append(push)
        return push, act

    def _scenario_of(self, fields: Mapping[str, object], number: int) -> tuple[str, Scenario]:
        if fields["CallBackURL"] in self._sent_back:
            self._sent_back.discard(str(fields["CallBackURL"]))
            return usual.__name__, usual
        return self._programme.next_for(msisdn=str(fields["PhoneNumber"]), number=number)

    def _ledger_shown(self) -> Reply:
        return replies.said(total=self.ledger.total, taken=[entry.shown for entry in self.ledger])

    def _refuse(self, refusal: Refusal) -> Reply:
        self.complain(f"{refusal.message} ({refusal.code})")
        return refusal.reply
