"""The practice phone: ``path("handset/", include("oscar_mpesa.handset.urls"))`` in a demo shop."""

from django.urls import path

from oscar_mpesa.handset.views import AnswerView, HandsetView

app_name = "handset"

urlpatterns = [
    path("", HandsetView.as_view(), name="index"),
    path("<int:payment_id>/", HandsetView.as_view(), name="phone"),
    path("<int:payment_id>/answer/", AnswerView.as_view(), name="answer"),
]
