"""The shop with its own words in a pipeline."""

from tests.stores.own_words.settings import *

OSCAR_ORDER_STATUS_PIPELINE = {
    "Mpya": ("Imelipwa", "Imefutwa"),
    "Imelipwa": ("Imetumwa", "Imefutwa"),
    "Imetumwa": (),
    "Imefutwa": (),
}
