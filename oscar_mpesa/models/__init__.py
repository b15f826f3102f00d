"""Rows: what is kept about orders, payments, receipts, callbacks, calls and people's decisions."""

from oscar_mpesa.models.alerts import MpesaAlert
from oscar_mpesa.models.callbacks import CallbackReason, MpesaCallback, Verdict
from oscar_mpesa.models.calls import MpesaCall
from oscar_mpesa.models.due import DueKind, MpesaDue
from oscar_mpesa.models.events import EventReason, EventType, MpesaBlockedPhone, MpesaEvent, UpdateSource
from oscar_mpesa.models.heartbeats import MpesaHeartbeat
from oscar_mpesa.models.orders import MpesaOrder, ReleaseReason
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import Allocation, MpesaReceipt, ReceiptReason, ReceiptSource

__all__ = [
    "Allocation",
    "CallbackReason",
    "DueKind",
    "EventReason",
    "EventType",
    "MpesaAlert",
    "MpesaBlockedPhone",
    "MpesaCall",
    "MpesaCallback",
    "MpesaDue",
    "MpesaEvent",
    "MpesaHeartbeat",
    "MpesaOrder",
    "MpesaPayment",
    "MpesaReceipt",
    "ReceiptReason",
    "ReceiptSource",
    "ReleaseReason",
    "UpdateSource",
    "Verdict",
]
