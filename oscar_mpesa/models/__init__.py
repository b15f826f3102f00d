"""Store orders, payments, receipts, callbacks, API calls, outbox messages and the audit trail."""

from oscar_mpesa.models.alerts import MpesaAlert
from oscar_mpesa.models.allocations import AllocationReason, MpesaAllocation, ReversalReason
from oscar_mpesa.models.api_calls import MpesaApiCall
from oscar_mpesa.models.blocked_phones import MpesaBlockedPhone
from oscar_mpesa.models.callbacks import CallbackReason, MpesaCallback, Verdict
from oscar_mpesa.models.claims import ClaimStatus, MpesaClaim
from oscar_mpesa.models.events import EventReason, EventType, MpesaEvent, UpdateSource
from oscar_mpesa.models.job_runs import MpesaJobRun
from oscar_mpesa.models.orders import CloseReason, MpesaOrder
from oscar_mpesa.models.outbox import MessageKind, MpesaOutboxMessage, SkipReason
from oscar_mpesa.models.pay_links import MpesaPayLink
from oscar_mpesa.models.payments import MpesaPayment
from oscar_mpesa.models.push_attempts import MpesaLimitLock, MpesaPushAttempt, PushLimit
from oscar_mpesa.models.receipts import Channel, MpesaReceipt, ReceiptStatus, UnmatchedReason
from oscar_mpesa.models.refunds import MpesaRefund, RefundMethod, RefundPurpose, RefundStatus
from oscar_mpesa.models.search_words import MpesaSearchWord

__all__ = [
    "AllocationReason",
    "CallbackReason",
    "Channel",
    "ClaimStatus",
    "CloseReason",
    "EventReason",
    "EventType",
    "MessageKind",
    "MpesaAlert",
    "MpesaAllocation",
    "MpesaApiCall",
    "MpesaBlockedPhone",
    "MpesaCallback",
    "MpesaClaim",
    "MpesaEvent",
    "MpesaJobRun",
    "MpesaLimitLock",
    "MpesaOrder",
    "MpesaOutboxMessage",
    "MpesaPayLink",
    "MpesaPayment",
    "MpesaPushAttempt",
    "MpesaReceipt",
    "MpesaRefund",
    "MpesaSearchWord",
    "PushLimit",
    "ReceiptStatus",
    "RefundMethod",
    "RefundPurpose",
    "RefundStatus",
    "ReversalReason",
    "SkipReason",
    "UnmatchedReason",
    "UpdateSource",
    "Verdict",
]
