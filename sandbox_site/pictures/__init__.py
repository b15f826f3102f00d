"""Pictures of the products, drawn by code to avoid licenses and large files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from sandbox_site.pictures import crafts, pantry, textiles
from sandbox_site.pictures.canvas import Canvas

#: The drawings by name.
DRAWINGS: Mapping[str, Callable[[], Canvas]] = {
    "coffee": pantry.coffee,
    "tea": pantry.tea,
    "honey": pantry.honey,
    "macadamia": pantry.macadamia,
    "pilau": pantry.pilau,
    "kiondo": textiles.kiondo,
    "shuka": textiles.shuka,
    "kanga": textiles.kanga,
    "bowl": crafts.bowl,
    "spoons": crafts.spoons,
    "bracelet": crafts.bracelet,
    "dhow": crafts.dhow,
}


@cache
def draw(name: str) -> bytes:
    """Return a drawing as a JPEG file. Raises ``KeyError`` for an unknown name."""
    return DRAWINGS[name]().jpeg()
