"""The shop that also takes other methods, so that no setting lets all orders wait for M-PESA."""

from tests.stores.headless.settings import *

ROOT_URLCONF = "tests.stores.headless.urls_chosen"
OSCARAPI_INITIAL_ORDER_STATUS = OSCAR_INITIAL_ORDER_STATUS
