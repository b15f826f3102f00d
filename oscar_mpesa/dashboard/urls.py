"""The desk's addresses, inside Oscar's dashboard: ``dashboard:mpesa-overview`` and its neighbours."""

from django.urls import path

from oscar_mpesa.dashboard.overview import OverviewView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
]
