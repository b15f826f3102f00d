"""The demo shop's settings with the mistake that ``FAULTY_SHOP`` names."""

import os

from tests.settings import *
from tests.wiring.faulty.mistakes import MISTAKES

OSCAR_MPESA = {"TEST_MODE": True, "ALERT_EMAILS": ["mama@shop.example"], "WAKE": "oscar_mpesa.testing.deliver_due"}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ["FAULTY_MAILS"]
globals().update(MISTAKES[os.environ["FAULTY_SHOP"]](dict(globals())))
