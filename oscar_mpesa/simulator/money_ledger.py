"""The money that the simulator took: what the shop's books have to agree with."""

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
    """Money that left a phone: ``amount`` in whole shillings, ``taken_at`` aware."""

    receipt_number: str
    amount: int
    msisdn: str = field(repr=False)
    checkout_request_id: str = field(repr=False)
    taken_at: datetime

    @property
    def shown(self) -> dict[str, object]:
        """The same for people, without the phone number."""
        return {
            "receipt_number": self.receipt_number,
            "amount": self.amount,
            "phone": PhoneNumber(msisdn=self.msisdn).masked,
            "checkout_request_id": redact_checkout_id(self.checkout_request_id),
            "taken_at": self.taken_at.astimezone(NAIROBI).isoformat(timespec="seconds"),
        }


class MoneyLedger:
    """Every shilling once, oldest first; safe for threads."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def take(self, push: ReceivedPush, *, amount: int, now: datetime) -> bool:
        """Write down the money of a prompt, once ever; False if it was taken already."""
        entry = Entry(
            receipt_number=push.receipt_number,
            amount=amount,
            msisdn=push.facts.msisdn,
            checkout_request_id=push.checkout_request_id,
            taken_at=now,
        )
        with self._lock:
            return self._entries.setdefault(push.checkout_request_id, entry) is entry

    @property
    def total(self) -> int:
        """The sum, in whole shillings."""
        return sum(entry.amount for entry in self)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)
