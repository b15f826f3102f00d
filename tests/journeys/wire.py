"""A Daraja that speaks HTTP: it checks what it is sent as Safaricom does, and its callbacks are real posts."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

KEY, SECRET, SHORTCODE, PASSKEY = "key of a test", "secret of a test", "600999", "passkey of a test"
PAIR = f"Basic {b64encode(f'{KEY}:{SECRET}'.encode()).decode()}"

#: Straight to this machine, whatever proxies the environment names.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

#: What each field of a push has to look like; Amount is looked at by itself.
SHAPES = {
    "BusinessShortCode": SHORTCODE,
    "Timestamp": r"\d{14}",
    "TransactionType": "CustomerPayBillOnline|CustomerBuyGoodsOnline",
    "PartyA": r"254[17]\d{8}",
    "PartyB": r"\d{5,7}",
    "PhoneNumber": r"254[17]\d{8}",
    "CallBackURL": r"https?://\S{5,240}",
    "AccountReference": "[A-Za-z0-9]{1,12}",
    "TransactionDesc": ".{1,13}",
}
QUERIED = {"BusinessShortCode": SHORTCODE, "Timestamp": r"\d{14}", "CheckoutRequestID": r"ws_CO_\d+"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A push that was let through, with the ids that it got."""

    fields: Mapping[str, Any]
    number: int

    @property
    def checkout_request_id(self) -> str:
        return f"ws_CO_23112026150000{self.number:03}{self.fields['PhoneNumber'][-9:]}"

    @property
    def merchant_request_id(self) -> str:
        return f"29115-34620561-{self.number}"

    @property
    def receipt_number(self) -> str:
        return f"SKN{self.number:07}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to write."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


#: What becomes of one push; None closes the connection without a word.
Scenario: TypeAlias = Callable[["Wire", Taken], "Reply | None"]


def said(status: int = 200, /, **document: object) -> Reply:
    """A JSON answer."""
    return Reply(status=status, body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def error(status: int, code: str, message: str) -> Reply:
    """Daraja's own form of an error."""
    return said(status, requestId="16813-1590513-1", errorCode=code, errorMessage=message)


def accepts(wire: Wire, taken: Taken) -> Reply:
    """The prompt goes to the phone."""
    told = "Success. Request accepted for processing"
    return said(
        MerchantRequestID=taken.merchant_request_id,
        CheckoutRequestID=taken.checkout_request_id,
        ResponseCode="0",
        ResponseDescription=told,
        CustomerMessage=told,
    )


def calls_back_first(wire: Wire, taken: Taken) -> Reply:
    """The payer is so quick that the callback overtakes the reply."""
    wire.calls_back(taken)
    return accepts(wire, taken)


def loses_the_reply(wire: Wire, taken: Taken) -> None:
    """The prompt goes to the phone, and the line breaks before the reply."""


def answers(reply: Reply) -> Scenario:
    """The same answer whatever was asked."""
    return lambda wire, taken: reply


def after(seconds: float, scenario: Scenario = accepts) -> Scenario:
    """The same, late."""

    def late(wire: Wire, taken: Taken) -> Reply | None:
        time.sleep(seconds)
        return scenario(wire, taken)

    return late


class Wire:
    """One Daraja; a context manager. What is wrong with a request is refused and stands in ``complaints``."""

    def __init__(self) -> None:
        self.oauth_calls = 0
        self.oauth_reply: Reply | None = None
        self.pushes: list[Taken] = []
        self.queries: list[Mapping[str, Any]] = []
        self.scenarios: deque[Scenario] = deque()
        self.results: dict[str, str] = {}
        self.complaints: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def calls_back(self, taken: Taken, *, code: int = 0, **items: Any) -> int:
        """Post the callback of a push to its CallBackURL, and return the status that came back."""
        body = json.dumps({"Body": {"stkCallback": _told(taken, code, items)}}).encode()
        request = urllib.request.Request(
            taken.fields["CallBackURL"], body, {"Content-Type": "application/json"}, method="POST"
        )
        with DIRECT.open(request, timeout=5) as answer:
            assert json.load(answer) == {"ResultCode": 0, "ResultDesc": "Accepted"}
            status: int = answer.status
        return status

    def gives_token(self, authorization: str) -> Reply:
        """A new token, which ends the one before; an empty 400 for a wrong key or secret."""
        self.oauth_calls += 1
        if self.oauth_reply is not None:
            return self.oauth_reply
        if authorization != PAIR:
            return Reply(status=400)
        return said(access_token=self._token, expires_in="3599")

    def takes(self, path: str, authorization: str, fields: Mapping[str, Any]) -> Reply | None:
        """What is posted with the token of the day and a right password."""
        if authorization != f"Bearer {self._token}":
            return error(404, "404.001.03", "Invalid Access Token")
        is_push = path == "/mpesa/stkpush/v1/processrequest"
        wrong = _wrong_in(fields, SHAPES if is_push else QUERIED)
        if wrong or path not in {"/mpesa/stkpush/v1/processrequest", "/mpesa/stkpushquery/v1/query"}:
            self.complaints.append(wrong or path)
            return error(400, "400.002.02", f"Bad Request - Invalid {wrong or 'path'}")
        return self._take_push(fields) if is_push else self._take_query(fields)

    @property
    def _token(self) -> str:
        return f"token-{self.oauth_calls}"

    def _take_push(self, fields: Mapping[str, Any]) -> Reply | None:
        taken = Taken(fields=fields, number=len(self.pushes) + 1)
        self.pushes.append(taken)
        scenario = self.scenarios.popleft() if self.scenarios else accepts
        return scenario(self, taken)

    def _take_query(self, fields: Mapping[str, Any]) -> Reply:
        self.queries.append(fields)
        code = self.results.get(fields["CheckoutRequestID"], "4999")
        return said(
            ResponseCode="0",
            ResponseDescription="The service request has been accepted successsfully",
            MerchantRequestID="29115-34620561-1",
            CheckoutRequestID=fields["CheckoutRequestID"],
            ResultCode=code,
            ResultDesc="told by the query",
        )


def _told(taken: Taken, code: int, items: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "MerchantRequestID": taken.merchant_request_id,
        "CheckoutRequestID": taken.checkout_request_id,
        "ResultCode": code,
        "ResultDesc": "told by the callback",
    }
    if code:
        return told
    paid = {
        "Amount": float(taken.fields["Amount"]),
        "MpesaReceiptNumber": taken.receipt_number,
        "TransactionDate": 20261123150005,
        "PhoneNumber": int(taken.fields["PhoneNumber"]),
        **items,
    }
    listed = [{"Name": name, "Value": value} for name, value in paid.items()]
    return {**told, "CallbackMetadata": {"Item": [*listed, {"Name": "Balance"}]}}


def _wrong_in(fields: Mapping[str, Any], shapes: Mapping[str, str]) -> str:
    """The name of the first field that Daraja would refuse; empty if there is none."""
    for name, shape in shapes.items():
        if not re.fullmatch(shape, str(fields.get(name, ""))):
            return name
    amount = fields.get("Amount", 1)
    if type(amount) is not int or not 1 <= amount <= 250_000:
        return "Amount"
    stamp = str(fields["Timestamp"])
    signature = b64encode(f"{SHORTCODE}{PASSKEY}{stamp}".encode()).decode()
    nairobi = datetime.now(timezone.utc) + timedelta(hours=3)
    told = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    if fields.get("Password") != signature or abs(nairobi - told) > timedelta(minutes=5):
        return "Password"
    return ""


def _handler_of(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/oauth/v1/generate?grant_type=client_credentials"
            self._write(wire.gives_token(self.headers["Authorization"]))

        def do_POST(self) -> None:
            fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = wire.takes(self.path, self.headers["Authorization"], fields)
            if reply is not None:
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            try:
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True  # the shop did not wait

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
