"""The Daraja client: three calls, each within its time and none of them a second prompt."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from oscar_mpesa.daraja.call_log import ApiCall, loggable, loggable_body, server_time
from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.daraja.error_parser import is_pending, read_answer, read_token_answer
from oscar_mpesa.daraja.exceptions import DarajaError, DarajaUnreachable, TokenRejected
from oscar_mpesa.daraja.stk_push import StkPush, StkPushReply, push_body, read_push
from oscar_mpesa.daraja.stk_query import StkQueryReply, query_body, read_query
from oscar_mpesa.daraja.tokens import LOCK, Cache, Tokens, read_token
from oscar_mpesa.daraja.transport import Request, Response, Transport

__all__ = ["Client", "ApiCall", "ignore"]

logger = logging.getLogger("oscar_mpesa")

T = TypeVar("T")

#: Seconds for a push or a query, with all that it takes to get a token.
PUSH_LIMIT, QUERY_LIMIT = 15.0, 10.0

#: Seconds for one OAuth call; no longer than the lock that keeps the other workers waiting for it.
OAUTH_LIMIT = float(LOCK)

#: With fewer seconds left a call is not begun: its answer would be cut off, and a push's outcome unknown.
_LEAST = 2.0

_LONGEST_CONNECT = 3.0


def ignore(exchange: ApiCall) -> None:
    """Keep no record of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What the three calls differ in."""

    endpoint: str
    url: str
    fields: Mapping[str, str | int]
    idempotent: bool
    deadline: float


class Client:
    """Speaks to Daraja for one short code; safe for threads, cheap to make.

    ``cache`` is shared by all workers and holds the token. ``observe`` is told of every call, with nothing secret.
    """

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        cache: Cache,
        observe: Callable[[ApiCall], None] = ignore,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._cache = cache
        self._observe = observe
        self._monotonic = monotonic
        self._sleep = sleep

    def push(self, push: StkPush, *, now: datetime) -> StkPushReply:
        """Ask Safaricom to show a prompt, within 15 seconds, and return the ids it gave.

        Sent once; a second time only after a token that was refused before anything ran. Raises ``DarajaError``:
        unless ``was_not_sent``, the prompt may be on the phone.
        """
        call = _Call(
            endpoint="push",
            url=self._credentials.push_url,
            fields=push_body(self._credentials, push, now=now),
            idempotent=False,
            deadline=self._monotonic() + PUSH_LIMIT,
        )
        return self._with_token(call, lambda response: read_answer(response, read_push))

    def query(self, checkout_request_id: str, *, now: datetime) -> StkQueryReply:
        """Ask what became of a prompt, within 10 seconds.

        Still processing, and not known to Safaricom (yet), is a reply whose ``result_code`` is None. Raises
        ``DarajaError`` where nothing was learned.
        """

        def read(response: Response) -> StkQueryReply:
            try:
                return read_answer(response, lambda document: read_query(document, checkout_request_id))
            except DarajaError as error:
                if is_pending(error):
                    return StkQueryReply(result_code=None, description=error.message)
                raise

        call = _Call(
            endpoint="query",
            url=self._credentials.query_url,
            fields=query_body(self._credentials, checkout_request_id, now=now),
            idempotent=True,
            deadline=self._monotonic() + QUERY_LIMIT,
        )
        return self._with_token(call, read)

    def sign_in(self) -> None:
        """Fetch a new token, within 10 seconds, whatever the cache holds; the others use it from then on.

        If it cannot be had, the token that is there stays. Raises ``DarajaError``.
        """
        self._tokens(self._monotonic() + QUERY_LIMIT).renew()

    def _with_token(self, call: _Call, read: Callable[[Response], T]) -> T:
        tokens = self._tokens(call.deadline)
        token = tokens.current()
        try:
            return self._send(call, f"Bearer {token}", read)
        except TokenRejected:
            tokens.drop(token)
        return self._send(call, f"Bearer {tokens.current()}", read)

    def _tokens(self, deadline: float) -> Tokens:
        return Tokens(
            self._cache,
            lambda: self._fetch_token(deadline),
            self._credentials.token_key,
            patience=deadline - self._monotonic() - _LEAST,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )

    def _fetch_token(self, deadline: float) -> tuple[str, int]:
        call = _Call(
            endpoint="oauth",
            url=self._credentials.oauth_url,
            fields={},
            idempotent=True,
            deadline=min(deadline - _LEAST, self._monotonic() + OAUTH_LIMIT),
        )
        pair = f"{self._credentials.consumer_key}:{self._credentials.consumer_secret}"
        basic = f"Basic {b64encode(pair.encode()).decode('ascii')}"
        try:
            return self._send(call, basic, lambda response: read_token_answer(response, read_token))
        except DarajaError as error:
            error.sent = False  # the call that the token was for did not leave
            raise

    def _send(self, call: _Call, authorization: str, read: Callable[[Response], T]) -> T:
        request = self._request(call, authorization)
        started = self._monotonic()
        status, reply, said_at = None, {}, None
        failure: DarajaError | None = None
        try:
            response = self._transport.send(request)
            status, reply, said_at = response.status, loggable_body(response.body), server_time(response.headers)
            return read(response)
        except DarajaError as error:
            failure = error
            raise
        finally:
            self._tell(
                ApiCall(
                    endpoint=call.endpoint,
                    http_status=status,
                    milliseconds=round((self._monotonic() - started) * 1000),
                    request=loggable(call.fields),
                    reply=reply,
                    error="" if failure is None else str(failure),
                    error_kind=None if failure is None else failure.kind,
                    said_at=said_at,
                )
            )

    def _request(self, call: _Call, authorization: str) -> Request:
        """Raises ``DarajaUnreachable`` (not sent) if the time left is too short to wait for an answer."""
        left = call.deadline - self._monotonic()
        if left < _LEAST:
            raise DarajaUnreachable("no time was left to send it", sent=False)
        connect = min(_LONGEST_CONNECT, left / 3)
        headers = {"Authorization": authorization}
        if call.fields:
            headers["Content-Type"] = "application/json"
        return Request(
            method="POST" if call.fields else "GET",
            url=call.url,
            headers=headers,
            body=json.dumps(call.fields).encode() if call.fields else None,
            idempotent=call.idempotent,
            connect=connect,
            read=left - connect,
        )

    def _tell(self, exchange: ApiCall) -> None:
        try:
            self._observe(exchange)
        except Exception:
            # The reply in hand may be the only proof of a prompt: it outweighs the record of the call.
            logger.exception("a call to Daraja (%s) could not be recorded", exchange.endpoint)
