"""The pages' URLs inside Oscar's dashboard, in its namespace: ``dashboard:mpesa-overview``."""

from django.urls import path

from oscar_mpesa.access.row_id import ROW_ID
from oscar_mpesa.dashboard.activity.views import ActivityView
from oscar_mpesa.dashboard.blocked_phones.views import BlockedPhoneListView, UnblockPhoneView
from oscar_mpesa.dashboard.callbacks.views import CallbackListView, CallbackProcessView, CallbackView
from oscar_mpesa.dashboard.money.claims import ClaimView, WithdrawClaimView
from oscar_mpesa.dashboard.money.detail import ReceiptView
from oscar_mpesa.dashboard.money.export import EntriesExportView
from oscar_mpesa.dashboard.money.match import AllocateReceiptView, MoveView, UnmatchView
from oscar_mpesa.dashboard.money.months import MonthView
from oscar_mpesa.dashboard.money.record import RecordPaymentView
from oscar_mpesa.dashboard.money.refund import RefundReceiptView, VoidRefundView
from oscar_mpesa.dashboard.money.resolve import ResolveReceiptView, UndoResolutionView
from oscar_mpesa.dashboard.money.views import ReceiptListView
from oscar_mpesa.dashboard.overview.views import OverviewView
from oscar_mpesa.dashboard.payments.actions import (
    AddNoteView,
    BlockPhoneView,
    CheckStatusView,
    CloseOrderView,
    MakeLinkView,
    RevokeLinkView,
    SendAgainView,
    SendPromptView,
)
from oscar_mpesa.dashboard.payments.confirmation import ConfirmationView
from oscar_mpesa.dashboard.payments.detail import PaymentView
from oscar_mpesa.dashboard.payments.export import PaymentExportView
from oscar_mpesa.dashboard.payments.order_page import OrderPromptView, OrderView
from oscar_mpesa.dashboard.payments.state import PaymentStateView
from oscar_mpesa.dashboard.payments.views import PaymentListView
from oscar_mpesa.dashboard.people.views import PeopleView, PersonRoleView
from oscar_mpesa.dashboard.search_page.views import SearchView
from oscar_mpesa.dashboard.setup.views import SetupView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
    path("search/", SearchView.as_view(), name="mpesa-search"),
    path("payments/", PaymentListView.as_view(), name="mpesa-payments"),
    path("payments/export/", PaymentExportView.as_view(), name="mpesa-payments-export"),
    path(f"payments/<{ROW_ID}:pk>/", PaymentView.as_view(), name="mpesa-payment"),
    path(f"payments/<{ROW_ID}:pk>/state/", PaymentStateView.as_view(), name="mpesa-payment-state"),
    path(f"payments/<{ROW_ID}:pk>/confirmation/", ConfirmationView.as_view(), name="mpesa-payment-confirmation"),
    path(f"payments/<{ROW_ID}:pk>/check-status/", CheckStatusView.as_view(), name="mpesa-payment-check-status"),
    path(f"payments/<{ROW_ID}:pk>/send-prompt/", SendPromptView.as_view(), name="mpesa-payment-send-prompt"),
    path(f"payments/<{ROW_ID}:pk>/send-again/", SendAgainView.as_view(), name="mpesa-payment-send-again"),
    path(f"payments/<{ROW_ID}:pk>/add-note/", AddNoteView.as_view(), name="mpesa-payment-add-note"),
    path(f"payments/<{ROW_ID}:pk>/block-phone/", BlockPhoneView.as_view(), name="mpesa-payment-block-phone"),
    path(f"payments/<{ROW_ID}:pk>/make-link/", MakeLinkView.as_view(), name="mpesa-payment-make-link"),
    path(f"payments/<{ROW_ID}:pk>/revoke-link/", RevokeLinkView.as_view(), name="mpesa-payment-revoke-link"),
    path(f"payments/<{ROW_ID}:pk>/close-order/", CloseOrderView.as_view(), name="mpesa-payment-close-order"),
    path(f"orders/<{ROW_ID}:pk>/", OrderView.as_view(), name="mpesa-order"),
    path(f"orders/<{ROW_ID}:pk>/send-prompt/", OrderPromptView.as_view(), name="mpesa-order-send-prompt"),
    path("blocked-phones/", BlockedPhoneListView.as_view(), name="mpesa-blocked-phones"),
    path(f"blocked-phones/<{ROW_ID}:pk>/unblock/", UnblockPhoneView.as_view(), name="mpesa-unblock-phone"),
    path("money/", ReceiptListView.as_view(), name="mpesa-receipts"),
    path("money/export/", EntriesExportView.as_view(), name="mpesa-receipts-export"),
    path("money/months/", MonthView.as_view(), name="mpesa-month"),
    path("money/record/", RecordPaymentView.as_view(), name="mpesa-record"),
    path(f"money/recorded/<{ROW_ID}:pk>/", ClaimView.as_view(), name="mpesa-claim"),
    path(f"money/recorded/<{ROW_ID}:pk>/withdraw/", WithdrawClaimView.as_view(), name="mpesa-claim-withdraw"),
    path(f"money/entries/<{ROW_ID}:pk>/unmatch/", UnmatchView.as_view(), name="mpesa-entry-unmatch"),
    path(f"money/entries/<{ROW_ID}:pk>/move/", MoveView.as_view(), name="mpesa-entry-move"),
    path(f"money/entries/<{ROW_ID}:pk>/undo/", UndoResolutionView.as_view(), name="mpesa-entry-undo"),
    path(f"money/refunds/<{ROW_ID}:pk>/void/", VoidRefundView.as_view(), name="mpesa-refund-void"),
    path(f"money/<{ROW_ID}:pk>/", ReceiptView.as_view(), name="mpesa-receipt"),
    path(f"money/<{ROW_ID}:pk>/allocate/", AllocateReceiptView.as_view(), name="mpesa-receipt-allocate"),
    path(f"money/<{ROW_ID}:pk>/refund/", RefundReceiptView.as_view(), name="mpesa-receipt-refund"),
    path(f"money/<{ROW_ID}:pk>/resolve/", ResolveReceiptView.as_view(), name="mpesa-receipt-resolve"),
    path("callbacks/", CallbackListView.as_view(), name="mpesa-callbacks"),
    path(f"callbacks/<{ROW_ID}:pk>/", CallbackView.as_view(), name="mpesa-callback"),
    path(f"callbacks/<{ROW_ID}:pk>/process/", CallbackProcessView.as_view(), name="mpesa-callback-process"),
    path("activity/", ActivityView.as_view(), name="mpesa-activity"),
    path("people/", PeopleView.as_view(), name="mpesa-people"),
    path("people/<str:pk>/role/", PersonRoleView.as_view(), name="mpesa-person-role"),
    path("set-up/", SetupView.as_view(), name="mpesa-setup"),
]
