"""The practice phone's URLs.

In a demo shop: ``path("practice-phone/", include("oscar_mpesa.practice_phone.urls"))``.
"""

from django.urls import path

from oscar_mpesa.access.row_id import ROW_ID
from oscar_mpesa.practice_phone.views import PracticeAnswerView, PracticePhoneView

__all__ = ["urlpatterns"]

app_name = "practice_phone"

urlpatterns = [
    path("", PracticePhoneView.as_view(), name="index"),
    path(f"<{ROW_ID}:payment_id>/", PracticePhoneView.as_view(), name="phone"),
    path(f"<{ROW_ID}:payment_id>/answer/", PracticeAnswerView.as_view(), name="answer"),
]
