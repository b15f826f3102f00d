"""Set up a shop from the wheel alone, sell something and have it paid, without a network."""

import socket
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import django
from django.conf import settings
from oscar import INSTALLED_APPS
from oscar.defaults import *  # noqa: F403

settings.configure(
    **{name: value for name, value in globals().items() if name.startswith("OSCAR_")}
    | {
        "DEBUG": True,
        "SECRET_KEY": "only for this test",
        "ALLOWED_HOSTS": ["*"],
        "SITE_ID": 1,
        "USE_TZ": True,
        "LANGUAGE_CODE": "sw",
        "OSCAR_ALLOW_ANON_CHECKOUT": True,
        "OSCAR_DEFAULT_CURRENCY": "KES",
        "INSTALLED_APPS": [*INSTALLED_APPS, "sorl.thumbnail", "oscar_mpesa"],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "oscar.apps.basket.middleware.BasketMiddleware",
        ],
        "ROOT_URLCONF": "shop_urls",
        "STATIC_URL": "/static/",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
        "HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "oscar.apps.search.context_processors.search_form",
                        "oscar.apps.checkout.context_processors.checkout",
                        "oscar.apps.communication.notifications.context_processors.notifications",
                        "oscar.core.context_processors.metadata",
                    ]
                },
            }
        ],
    }
)
django.setup()

from django.apps import apps  # noqa: E402
from django.core import mail  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path, reverse  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402
from oscar.test.factories import create_product  # noqa: E402

import oscar_mpesa  # noqa: E402
from oscar_mpesa.models import MpesaPayment  # noqa: E402


def no_network(*address: object) -> None:
    raise AssertionError(f"the shop called {address}")


def post(client: Client, view: str, **data: str) -> str:
    answer = client.post(reverse(view), data)
    assert answer.status_code == 302, (view, answer.status_code, answer.content.decode()[-2000:])
    return str(answer["Location"])


assert Path(oscar_mpesa.__file__).is_relative_to(sys.prefix), oscar_mpesa.__file__
socket.socket.connect = no_network  # type: ignore[method-assign]

oscar: Any = apps.get_app_config("oscar")
shop_urls = ModuleType("shop_urls")
sys.modules["shop_urls"] = shop_urls
shop_urls.urlpatterns = [  # type: ignore[attr-defined]
    path("api/payments/", include("oscar_mpesa.urls")),
    path("", include(oscar.urls[0])),
]

call_command("migrate", verbosity=0)
get_model("address", "Country").objects.create(
    iso_3166_1_a2="KE", iso_3166_1_a3="KEN", name="Kenya", printable_name="Kenya", is_shipping_country=True
)
product = create_product(title="Kiondo", price=Decimal("1499.50"), num_in_stock=1)
client = Client()
assert client.post(reverse("basket:add", kwargs={"pk": product.pk}), {"quantity": 1}).status_code == 302
post(client, "checkout:index", username="guest@example.com", options="anonymous")
post(
    client,
    "checkout:shipping-address",
    first_name="Wanjiru",
    last_name="Otieno",
    line1="12 Moi Avenue",
    line4="Mombasa",
    postcode="80100",
    country="KE",
)
client.get(reverse("checkout:shipping-method"))
client.get(reverse("checkout:payment-method"))
post(client, "checkout:preview", which="another", phone_number="0708374149")
payment_page = post(client, "checkout:preview", action="place_order")
assert "1,500" in client.get(payment_page).content.decode()

# A minute passes without a request to the payment page.
minute = timedelta(minutes=1)
MpesaPayment.objects.update(push_sent_at=F("push_sent_at") - minute, next_query_at=F("next_query_at") - minute)
call_command("mpesa_reconcile")
assert MpesaPayment.objects.get().is_paid

page = client.get(payment_page).content.decode()
order = get_model("order", "Order").objects.get()
source = order.sources.get()
assert (source.amount_debited, order.total_incl_tax) == (1500, 1500), (source.amount_debited, order.total_incl_tax)
assert source.reference in page
assert len(mail.outbox) == 1
print(f"paid: {order.status}")
