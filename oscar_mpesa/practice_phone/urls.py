"""The practice phone: ``path("handset/", include("oscar_mpesa.practice_phone.urls"))`` in a demo shop."""

from django.urls import path

from oscar_mpesa.practice_phone.views import PracticeAnswerView, PracticePhoneView

app_name = "handset"

urlpatterns = [
    path("", PracticePhoneView.as_view(), name="index"),
    path("<int:payment_id>/", PracticePhoneView.as_view(), name="phone"),
    path("<int:payment_id>/answer/", PracticeAnswerView.as_view(), name="answer"),
]
