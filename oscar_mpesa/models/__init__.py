"""Store orders, payments, receipts, callbacks, API calls, outbox messages and the audit trail."""

from oscar_mpesa.models.alerts import MpesaAlert
from oscar_mpesa.models.api_calls import MpesaApiCall
from oscar_mpesa.models.blocked_phones import MpesaBlockedPhone
from oscar_mpesa.models.callbacks import CallbackReason, MpesaCallback, Verdict
from oscar_mpesa.models.events import EventReason, EventType, MpesaEvent, UpdateSource
from oscar_mpesa.models.job_runs import MpesaJobRun
from oscar_mpesa.models.orders import CloseReason, MpesaOrder
from oscar_mpesa.models.outbox import MessageKind, MpesaOutboxMessage
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.receipts import Allocation, MpesaReceipt, ReceiptReason, ReceiptSource

__all__ = [
    "Allocation",
    "CallbackReason",
    "MessageKind",
    "EventReason",
    "EventType",
    "MpesaAlert",
    "MpesaBlockedPhone",
    "MpesaApiCall",
    "MpesaCallback",
    "MpesaOutboxMessage",
    "MpesaEvent",
    "MpesaJobRun",
    "MpesaOrder",
    "MpesaPayment",
    "MpesaReceipt",
    "ReceiptReason",
    "ReceiptSource",
    "CloseReason",
    "UpdateSource",
    "Verdict",
]
