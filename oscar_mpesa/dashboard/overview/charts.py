"""Charts as SVG, without scripts or style attributes; ``dashboard.css`` has their colors."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: Units of the SVG; CSS stretches it to the page's width.
STEP, GAP, HEIGHT = 10, 2, 60


def bars(values: Sequence[Decimal | int], *, title: str) -> SafeString:
    """Return a chart with one bar for each value; ``title`` describes it for screen readers.

    A positive value has a bar of at least one unit; other values have none.
    """
    maximum = max([*values, 0])
    heights = ((position, _height(value, maximum)) for position, value in enumerate(values))
    rectangles = [(position * STEP, HEIGHT - height, STEP - GAP, height) for position, height in heights if height]
    return format_html(
        '<svg class="mpesa-bars" role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
        '<title>{title}</title>{bars}<path class="mpesa-baseline" d="M0 {height}h{width}"/></svg>',
        width=len(values) * STEP,
        height=HEIGHT,
        title=title,
        bars=format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}"/>', rectangles),
    )


def share(percent: int) -> SafeString:
    """Return a bar of a percentage. Screen readers skip it, because the number stands beside it."""
    return format_html(
        '<svg class="mpesa-share" aria-hidden="true" focusable="false" viewBox="0 0 100 8" preserveAspectRatio="none">'
        '<rect class="mpesa-share-of" width="100" height="8"/><rect width="{}" height="8"/></svg>',
        min(max(percent, 0), 100),
    )


def _height(value: Decimal | int, maximum: Decimal | int) -> int:
    return max(round(HEIGHT * value / maximum), 1) if value > 0 else 0
