"""The desk's addresses, inside Oscar's dashboard: ``dashboard:mpesa-overview`` and its neighbours."""

from django.urls import path

from oscar_mpesa.dashboard.callbacks import CallbackListView, CallbackProcessView, CallbackView
from oscar_mpesa.dashboard.overview import OverviewView
from oscar_mpesa.dashboard.setup import SetupView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
    path("callbacks/", CallbackListView.as_view(), name="mpesa-callbacks"),
    path("callbacks/<int:pk>/", CallbackView.as_view(), name="mpesa-callback"),
    path("callbacks/<int:pk>/process/", CallbackProcessView.as_view(), name="mpesa-callback-process"),
    path("set-up/", SetupView.as_view(), name="mpesa-setup"),
]
