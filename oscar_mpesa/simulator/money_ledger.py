"""The money that the simulator took. Tests compare it with the shop's records."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from oscar_mpesa.daraja.redaction import redact_checkout_id
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.simulator.pushes import ReceivedPush


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payment from a phone. ``amount`` is in whole shillings, ``taken_at`` is aware."""

    receipt_number: str
    amount: int
    msisdn: str = field(repr=False)
    checkout_request_id: str = field(repr=False)
    taken_at: datetime

    @property
    def redacted(self) -> dict[str, object]:
        """Return the entry for people, with the phone number masked."""
        return {
            "receipt_number": self.receipt_number,
            "amount": self.amount,
            "phone": PhoneNumber(msisdn=self.msisdn).masked,
            "checkout_request_id": redact_checkout_id(self.checkout_request_id),
            "taken_at": self.taken_at.astimezone(NAIROBI).isoformat(timespec="seconds"),
        }


class MoneyLedger:
    """All entries, oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def take(self, push: ReceivedPush, *, amount: int, now: datetime) -> bool:
        """Record the money of a push. Return False, and change nothing, if it was recorded before."""
        entry = Entry(
            receipt_number=push.receipt_number,
            amount=amount,
            msisdn=push.payment.msisdn,
            checkout_request_id=push.checkout_request_id,
            taken_at=now,
        )
        with self._lock:
            return self._entries.setdefault(push.checkout_request_id, entry) is entry

    @property
    def total(self) -> int:
        """Return the sum of all entries, in whole shillings."""
        return sum(entry.amount for entry in self)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)
