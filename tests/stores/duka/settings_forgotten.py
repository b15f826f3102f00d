"""The same, left to put M-Pesa into its checkout by hand, which it forgot."""

from tests.stores.duka.settings import *

OSCAR_MPESA = {**OSCAR_MPESA, "AUTO_INTEGRATE": False}
