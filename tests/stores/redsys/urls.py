"""URLs of the bank's server and of the way back."""

from __future__ import annotations

from django.urls import path

from tests.stores.redsys import views

urlpatterns = [
    path("notify/", views.NotificationView.as_view(), name="redsys-notify"),
    path("return/", views.ReturnView.as_view(), name="redsys-return"),
]
