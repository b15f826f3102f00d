"""The twelve products of the demo shop, with prices in Kenyan shillings."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Good:
    """A product. ``picture`` is also its SKU. ``stock`` may be 0."""

    picture: str
    title: str
    category: str
    price: Decimal
    stock: int
    description: str


#: Categories with their descriptions.
CATEGORIES: dict[str, str] = {
    "Pantry": "Coffee, tea, honey and spice, straight from the people who grow and gather them.",
    "Baskets & cloth": "Woven, printed and dyed by hand or on old looms, made to be used every day.",
    "Crafts": "Stone, wood and beads from workshops in Kisii, Malindi, Kajiado and Lamu.",
}

GOODS: tuple[Good, ...] = (
    Good(
        picture="coffee",
        title="Nyeri AA coffee beans, 500 g",
        category="Pantry",
        price=Decimal("1499.50"),
        stock=60,
        description=(
            "Washed and sun-dried on the slopes above Nyeri, roasted medium in Mombasa every Tuesday. "
            "Blackcurrant, brown sugar, a long clean finish. Whole beans."
        ),
    ),
    Good(
        picture="tea",
        title="Kericho highland tea, 250 g",
        category="Pantry",
        price=Decimal("420.00"),
        stock=120,
        description=(
            "Strong, bright leaf from Kericho that stands up to milk and ginger. "
            "One tin makes about a hundred cups of chai."
        ),
    ),
    Good(
        picture="honey",
        title="Kitui acacia honey, 500 g",
        category="Pantry",
        price=Decimal("649.50"),
        stock=45,
        description=(
            "Raw honey from log hives among the acacias of Kitui, strained once and never heated. "
            "It sets in cool weather: stand the jar in warm water."
        ),
    ),
    Good(
        picture="macadamia",
        title="Roasted macadamia nuts, 250 g",
        category="Pantry",
        price=Decimal("780.00"),
        stock=80,
        description="Whole nuts from Murang'a, dry-roasted with a little sea salt. Buttery, crunchy, gone by evening.",
    ),
    Good(
        picture="pilau",
        title="Pilau masala, 100 g",
        category="Pantry",
        price=Decimal("189.75"),
        stock=150,
        description=(
            "Cumin, cardamom, cloves, cinnamon and black pepper, ground the week we pack it. "
            "Two teaspoons for a pot of rice."
        ),
    ),
    Good(
        picture="kiondo",
        title="Kiondo sisal basket",
        category="Baskets & cloth",
        price=Decimal("2350.00"),
        stock=12,
        description=(
            "Twined from sisal by a women's group in Machakos, with leather straps and three days' work in every one. "
            "About 35 cm across; no two are the same."
        ),
    ),
    Good(
        picture="shuka",
        title="Maasai shuka",
        category="Baskets & cloth",
        price=Decimal("1299.00"),
        stock=35,
        description=(
            "The red check that is seen from far across the plains. Warm, light, quick to dry: "
            "a blanket, a shawl, a picnic. 150 by 200 cm."
        ),
    ),
    Good(
        picture="kanga",
        title="Kanga, a pair",
        category="Baskets & cloth",
        price=Decimal("950.00"),
        stock=40,
        description=(
            "Two cotton cloths with a border and a saying: Karibu nyumbani, welcome home. "
            "Wear one, give one. 110 by 150 cm each."
        ),
    ),
    Good(
        picture="bowl",
        title="Kisii soapstone bowl",
        category="Crafts",
        price=Decimal("1850.00"),
        stock=9,
        description=(
            "Turned and carved by hand in Tabaka from one piece of pink soapstone, then waxed. "
            "For fruit, keys or nothing at all. 24 cm across."
        ),
    ),
    Good(
        picture="spoons",
        title="Olive-wood salad servers",
        category="Crafts",
        price=Decimal("720.25"),
        stock=25,
        description="A pair, carved in Malindi from fallen wild olive. Wash by hand and oil now and then.",
    ),
    Good(
        picture="bracelet",
        title="Beaded bracelet",
        category="Crafts",
        price=Decimal("350.00"),
        stock=70,
        description=(
            "Six rows of glass beads on wire, strung by Maasai women in Kajiado. "
            "Red for courage, blue for the sky, green for the land."
        ),
    ),
    Good(
        picture="dhow",
        title="Lamu dhow, carved model",
        category="Crafts",
        price=Decimal("4800.00"),
        stock=0,
        description=(
            "A sailing dhow of mango wood and cotton, as they still race them on Lamu's channel. "
            "38 cm long. The carver makes one a month."
        ),
    ),
)
