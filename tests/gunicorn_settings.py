"""Settings of the shop that ``tests.gunicorn_shop`` runs: those of the tests, on the database of the tests."""

import json
import os

from tests.settings import *

DATABASES["default"]["NAME"] = os.environ["SHOP_DATABASE_NAME"]

globals().update(json.loads(os.environ["SHOP_SETTINGS"]))
