"""Pictures of figures, drawn by the server as SVG: no script, no style attribute, colours from ``desk.css``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: Units of the drawing; the page stretches it to its own width.
STEP, GAP, HEIGHT = 10, 2, 60


def bars(values: Sequence[Decimal | int], *, title: str) -> SafeString:
    """One bar for each value, in order; ``title`` says all of it to who does not see it.

    What is more than nothing is seen, however small; below nothing nothing is drawn.
    """
    most = max([*values, 0])
    heights = ((place, _height(value, most)) for place, value in enumerate(values))
    drawn = [(place * STEP, HEIGHT - height, STEP - GAP, height) for place, height in heights if height]
    return format_html(
        '<svg class="mpesa-bars" role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
        '<title>{title}</title>{bars}<path class="mpesa-ground" d="M0 {height}h{width}"/></svg>',
        width=len(values) * STEP,
        height=HEIGHT,
        title=title,
        bars=format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}"/>', drawn),
    )


def share(percent: int) -> SafeString:
    """A bar beside the number that it shows, so it says nothing itself."""
    return format_html(
        '<svg class="mpesa-share" aria-hidden="true" focusable="false" viewBox="0 0 100 8" preserveAspectRatio="none">'
        '<rect class="mpesa-share-of" width="100" height="8"/><rect width="{}" height="8"/></svg>',
        min(max(percent, 0), 100),
    )


def _height(value: Decimal | int, most: Decimal | int) -> int:
    return max(round(HEIGHT * value / most), 1) if value > 0 else 0
