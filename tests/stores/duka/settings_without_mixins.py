"""The shop with ``AUTO_INTEGRATE`` off and without the mixins."""

from tests.stores.duka.settings import *

OSCAR_MPESA = {**OSCAR_MPESA, "AUTO_INTEGRATE": False}
