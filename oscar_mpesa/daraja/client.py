"""The Daraja client. Each call has a time limit, and none sends a second prompt."""

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
from oscar_mpesa.daraja.error_parser import is_pending, read_reply, read_token_reply
from oscar_mpesa.daraja.exceptions import DarajaError, DarajaUnreachable, TokenRejected
from oscar_mpesa.daraja.stk_push import StkPush, StkPushReply, push_body, read_push
from oscar_mpesa.daraja.stk_query import StkQueryReply, query_body, read_query
from oscar_mpesa.daraja.tokens import LOCK, Cache, Tokens, read_token
from oscar_mpesa.daraja.transport import Request, Response, Transport

__all__ = ["Client", "ApiCall", "ignore"]

logger = logging.getLogger("oscar_mpesa")

T = TypeVar("T")

#: Time limits in seconds for a push and a query, including the time to get a token.
PUSH_LIMIT, QUERY_LIMIT = 15.0, 10.0

#: Time limit in seconds for one OAuth call: no longer than the lock that makes other workers wait.
OAUTH_LIMIT = float(LOCK)

#: The client starts no call with fewer seconds left. A push without time for its reply would have an unknown outcome.
_MIN_TIME = 2.0

_MAX_CONNECT = 3.0


def ignore(call: ApiCall) -> None:
    """Record nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What differs between the three calls."""

    endpoint: str
    url: str
    fields: Mapping[str, str | int]
    idempotent: bool
    deadline: float


class Client:
    """Call Daraja for one short code. Thread-safe and cheap to create.

    ``cache`` holds the token and is shared by all workers. ``observe`` receives every call, without secrets.
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
        """Send an STK push, within 15 seconds, and return Safaricom's ids.

        Sends it once. Only if Safaricom refuses the token, before executing anything, sends it a second time.
        Raises ``DarajaError``: unless ``was_not_sent``, the prompt may be on the phone.
        """
        call = _Call(
            endpoint="push",
            url=self._credentials.push_url,
            fields=push_body(self._credentials, push, now=now),
            idempotent=False,
            deadline=self._monotonic() + PUSH_LIMIT,
        )
        return self._with_token(call, lambda response: read_reply(response, read_push))

    def query(self, checkout_request_id: str, *, now: datetime) -> StkQueryReply:
        """Query the result of a push, within 10 seconds.

        ``result_code`` is None if Safaricom still processes the push, or does not know it (yet). Raises
        ``DarajaError`` if the reply says nothing about the push.
        """

        def read(response: Response) -> StkQueryReply:
            try:
                return read_reply(response, lambda document: read_query(document, checkout_request_id))
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

    def renew_token(self) -> None:
        """Fetch a new token, within 10 seconds, and share it with all workers, even if the cache has one.

        Raises ``DarajaError`` if that fails. The cached token then stays.
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
            max_wait=deadline - self._monotonic() - _MIN_TIME,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )

    def _fetch_token(self, deadline: float) -> tuple[str, int]:
        call = _Call(
            endpoint="oauth",
            url=self._credentials.oauth_url,
            fields={},
            idempotent=True,
            deadline=min(deadline - _MIN_TIME, self._monotonic() + OAUTH_LIMIT),
        )
        pair = f"{self._credentials.consumer_key}:{self._credentials.consumer_secret}"
        basic = f"Basic {b64encode(pair.encode()).decode('ascii')}"
        try:
            return self._send(call, basic, lambda response: read_token_reply(response, read_token))
        except DarajaError as error:
            error.sent = False  # without a token, the push or query itself was not sent
            raise

    def _send(self, call: _Call, authorization: str, read: Callable[[Response], T]) -> T:
        request = self._request(call, authorization)
        started = self._monotonic()
        status, reply, sent_at = None, {}, None
        failure: DarajaError | None = None
        try:
            response = self._transport.send(request)
            status, reply, sent_at = response.status, loggable_body(response.body), server_time(response.headers)
            return read(response)
        except DarajaError as error:
            failure = error
            raise
        finally:
            self._record(
                ApiCall(
                    endpoint=call.endpoint,
                    http_status=status,
                    milliseconds=round((self._monotonic() - started) * 1000),
                    request=loggable(call.fields),
                    reply=reply,
                    error="" if failure is None else str(failure),
                    error_kind=None if failure is None else failure.kind,
                    server_time=sent_at,
                )
            )

    def _request(self, call: _Call, authorization: str) -> Request:
        """Build the HTTP request. Raises ``DarajaUnreachable`` (not sent) if too little time is left for a reply."""
        left = call.deadline - self._monotonic()
        if left < _MIN_TIME:
            raise DarajaUnreachable("too little time left to send it", sent=False)
        connect = min(_MAX_CONNECT, left / 3)
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

    def _record(self, call: ApiCall) -> None:
        try:
            self._observe(call)
        except Exception:
            # The reply may be the only proof of a prompt, so it matters more than the record of the call.
            logger.exception("a call to Daraja (%s) could not be recorded", call.endpoint)
