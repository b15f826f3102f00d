"""A square to draw on, measured in thousandths of its side."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

Point = tuple[float, float]

#: Pixels of the finished picture, and how many times larger it is drawn to make the edges smooth.
SIDE, OVERSAMPLING = 800, 2


class Canvas:
    """Draw flat shapes over each other. A color may end in two digits of opacity, such as ``#00000030``."""

    def __init__(self, background: str) -> None:
        pixels = SIDE * OVERSAMPLING
        self._unit = pixels / 1000
        self._image = Image.new("RGB", (pixels, pixels), background)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def polygon(self, points: Sequence[Point], fill: str) -> None:
        """Draw a closed shape."""
        self._draw.polygon(self._scaled(points), fill=fill)

    def line(self, points: Sequence[Point], fill: str, width: float) -> None:
        """Draw an open line with rounded corners."""
        self._draw.line(self._scaled(points), fill=fill, width=round(width * self._unit), joint="curve")

    def ellipse(self, centre: Point, rx: float, ry: float, fill: str) -> None:
        """Draw an upright ellipse around its center."""
        (x, y) = centre
        self._draw.ellipse(self._scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill=fill)

    def circle(self, centre: Point, radius: float, fill: str) -> None:
        """Draw a disc."""
        self.ellipse(centre, radius, radius, fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: str, radius: float = 0) -> None:
        """Draw a rectangle. A ``radius`` rounds its corners."""
        corners = self._scaled([(left, top), (right, bottom)])
        self._draw.rounded_rectangle(corners, radius=radius * self._unit, fill=fill)

    def arc(self, centre: Point, rx: float, ry: float, degrees: tuple[float, float], fill: str, width: float) -> None:
        """Draw a part of an ellipse's line, clockwise from three o'clock."""
        (x, y), (start, end) = centre, degrees
        bounds = self._scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self._draw.arc(bounds, start, end, fill=fill, width=round(width * self._unit))

    def jpeg(self) -> bytes:
        """Return the picture as a JPEG file."""
        file = io.BytesIO()
        self._image.reduce(OVERSAMPLING).save(file, "JPEG", quality=86, optimize=True)
        return file.getvalue()


def tilted(centre: Point, rx: float, ry: float, degrees: float) -> list[Point]:
    """Return the outline of an ellipse, rotated clockwise."""
    return [_turned(centre, (rx * math.cos(a), ry * math.sin(a)), degrees) for a in _angles(72)]


def leaf(centre: Point, length: float, width: float, degrees: float) -> list[Point]:
    """Return the outline of a pointed leaf, rotated clockwise."""
    return [_turned(centre, (length / 2 * math.cos(a), width / 2 * math.sin(a) ** 3), degrees) for a in _angles(72)]


def bowed(centre: Point, rx: float, ry: float, degrees: tuple[float, float]) -> list[Point]:
    """Return points along an ellipse from one angle to another, clockwise from three o'clock."""
    (x, y), (start, end) = centre, degrees
    steps = [math.radians(start + (end - start) * step / 48) for step in range(49)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in steps]


def ring(centre: Point, rx: float, ry: float, count: int) -> list[Point]:
    """Return evenly spread points on an ellipse, the farthest first, so that near ones cover them."""
    points = [(centre[0] + rx * math.cos(a), centre[1] + ry * math.sin(a)) for a in _angles(count)]
    return sorted(points, key=lambda point: point[1])


def _angles(count: int) -> Iterator[float]:
    return (2 * math.pi * step / count for step in range(count))


def _turned(centre: Point, offset: Point, degrees: float) -> Point:
    (dx, dy), angle = offset, math.radians(degrees)
    return (
        centre[0] + dx * math.cos(angle) - dy * math.sin(angle),
        centre[1] + dx * math.sin(angle) + dy * math.cos(angle),
    )
