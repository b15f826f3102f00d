"""The practice phone's URLs.

In a demo shop: ``path("practice-phone/", include("oscar_mpesa.practice_phone.urls"))``.
"""

from django.urls import path

from oscar_mpesa.practice_phone.views import PracticeAnswerView, PracticePhoneView

__all__ = ["urlpatterns"]

app_name = "practice_phone"

urlpatterns = [
    path("", PracticePhoneView.as_view(), name="index"),
    path("<int:payment_id>/", PracticePhoneView.as_view(), name="phone"),
    path("<int:payment_id>/answer/", PracticeAnswerView.as_view(), name="answer"),
]
