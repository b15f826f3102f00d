"""An HTTP server that simulates Daraja: it validates requests, posts callbacks and plays scenarios."""

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
from oscar_mpesa.simulator.phones import Phones, utc_now
from oscar_mpesa.simulator.pushes import ReceivedPush, receive_push
from oscar_mpesa.simulator.replies import Refusal, Reply
from oscar_mpesa.simulator.scenario_queue import ScenarioQueue
from oscar_mpesa.simulator.scenarios import Scenario, usual
from oscar_mpesa.simulator.test_numbers import DELAY, MIXED_UP
from oscar_mpesa.simulator.validation import refuse_push, refuse_query

__all__ = ["Simulator"]

#: The shared short code and passkey of Safaricom's sandbox, with the simulator's own key and secret.
SANDBOX = Credentials(
    consumer_key="practice-key",
    consumer_secret="practice-secret",  # nosec B106 # published, and opens only the simulator
    shortcode=SANDBOX_SHORTCODE,
    passkey="bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919",
    base_url="",
)

#: Seconds: longer than the shop waits for a payment, and for the reply to a push.
LATE_AFTER, SLOW_FOR = 160.0, 20.0


def ignore(line: str) -> None:
    """Log nothing."""


class Simulator(Phones):
    """A simulated Daraja on 127.0.0.1, open during its ``with`` block. Thread-safe.

    ``scenario`` applies to every push that is not scripted, unless its phone's last digits name another one; see
    ``scenarios``. ``seed`` repeats a chaos. ``delay``, ``late_after`` and ``slow_for`` are in seconds; ``Phones``
    describes a ``delay`` of None. ``log`` receives one line for each event, without secrets and full phone numbers.

    ``pushes`` and ``queries`` are the accepted ones. ``problems`` lists the other requests and rejected callbacks.
    ``ledger`` is the money that was taken.
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
        log: Callable[[str], None] = ignore,
    ) -> None:
        super().__init__(delay=delay, log=log)
        self.credentials = credentials
        self.late_after = late_after
        self.slow_for = slow_for
        self.pushes: list[ReceivedPush] = []
        self.queries: list[Mapping[str, object]] = []
        self.tokens_given = 0
        self._token = ""  # nosec B105 # no token
        self._refused_urls: set[str] = set()
        self._scenarios = ScenarioQueue(scenario=scenario, seed=seed)
        self._closing = threading.Event()
        self._server = HttpServer(self, port=port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Return the server's URL, for the shop's ``MPESA_BASE_URL``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def seed(self) -> int:
        """Return the seed that repeats this chaos."""
        return self._scenarios.seed

    def __enter__(self) -> Simulator:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.stop_phones()

    def script(self, *scenarios: str | Scenario) -> None:
        """Set the scenarios of the next pushes, in order. Each is a name or a function.

        Raises ``ValueError`` for an unknown name.
        """
        self._scenarios.add(*scenarios)

    def end_token(self) -> None:
        """Make the current token invalid, as if another program had fetched a new one."""
        self._token = ""  # nosec B105 # no token

    def refuse_token(self, push: ReceivedPush) -> Reply:
        """End the token and refuse the push. Its next try is accepted."""
        self.end_token()
        self._refused_urls.add(push.callback_url)
        return replies.INVALID_TOKEN.reply

    def pause(self, seconds: float) -> None:
        """Delay the reply. Returns early if the simulator closes."""
        self._closing.wait(seconds)

    def get(self, path: str, authorization: str) -> Reply | None:
        """Reply to a GET: with a token, or with the ledger for people."""
        address = urlsplit(path)
        if address.path == "/oauth/v1/generate":
            is_complete = address.query == "grant_type=client_credentials"
            return self.give_token(authorization) if is_complete else self._refuse(replies.INVALID_GRANT)
        return self._ledger_reply() if address.path == "/ledger" else replies.NOT_FOUND.reply

    def post(self, path: str, authorization: str, body: bytes) -> Reply | None:
        """Reply to a POST. None closes the connection."""
        endpoints = {
            "/mpesa/stkpush/v1/processrequest": self.receive_push,
            "/mpesa/stkpushquery/v1/query": self.receive_query,
        }
        if path not in endpoints:
            return self._refuse(replies.NOT_FOUND)
        if not self._token or authorization != f"Bearer {self._token}":
            return replies.INVALID_TOKEN.reply
        try:
            fields = read_object(body)
        except ValueError:
            return self._refuse(replies.MALFORMED)
        return endpoints[path](fields)

    def give_token(self, authorization: str) -> Reply:
        """Return a new token, which ends the one before it; an empty 400 for a wrong key or secret."""
        pair = f"{self.credentials.consumer_key}:{self.credentials.consumer_secret}"
        if authorization != f"Basic {b64encode(pair.encode()).decode()}":
            self.report_problem("wrong consumer key or secret")
            return replies.WRONG_KEYS
        with self._lock:
            self._token = uuid4().hex
            self.tokens_given += 1
            self._log("a token was given")
            return replies.token_reply(self._token)

    def receive_push(self, fields: Mapping[str, object]) -> Reply | None:
        """Validate a push, then run its scenario."""
        refusal = refuse_push(fields, self.credentials, now=utc_now())
        if refusal is not None:
            return self._refuse(refusal)
        push, scenario = self._accept(fields)
        self._log(f"push {push.number}: {ksh(push.amount)} from {push.phone} ({push.scenario})")
        if push.result is MIXED_UP:
            self.report_problem(f"push {push.number} mixes up till and paybill")
        return scenario(self, push)

    def receive_query(self, fields: Mapping[str, object]) -> Reply:
        """Return a push's result. While there is none, alternate between Safaricom's two pending replies."""
        refusal = refuse_query(fields, self.credentials, now=utc_now())
        if refusal is not None:
            return self._refuse(refusal)
        with self._lock:
            self.queries.append(fields)
            number = len(self.queries)
        push = next((push for push in self.pushes if push.checkout_request_id == fields["CheckoutRequestID"]), None)
        if push is None:
            return replies.UNKNOWN_PUSH.reply
        result = self.result_of(push)
        self._log(f"push {push.number}: queried, {f'result {result.code}' if result else 'no answer yet'}")
        if result is None and number % 2:
            return replies.BEING_PROCESSED.reply
        return replies.result_reply(push.payment, result or replies.PENDING)

    def _accept(self, fields: Mapping[str, object]) -> tuple[ReceivedPush, Scenario]:
        with self._lock:
            number = len(self.pushes) + 1
            name, scenario = self._scenario_of(fields, number)
            push = receive_push(fields, self.credentials, number=number, scenario=name, now=utc_now())
            self.pushes.append(push)
        return push, scenario

    def _scenario_of(self, fields: Mapping[str, object], number: int) -> tuple[str, Scenario]:
        if fields["CallBackURL"] in self._refused_urls:
            self._refused_urls.discard(str(fields["CallBackURL"]))
            return usual.__name__, usual
        return self._scenarios.next_for(msisdn=str(fields["PhoneNumber"]), number=number)

    def _ledger_reply(self) -> Reply:
        return replies.json_reply(total=self.ledger.total, taken=[entry.redacted for entry in self.ledger])

    def _refuse(self, refusal: Refusal) -> Reply:
        self.report_problem(f"{refusal.message} ({refusal.code})")
        return refusal.reply
