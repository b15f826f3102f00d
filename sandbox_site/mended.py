"""Mend the HTML of Oscar's templates for screen readers and keyboards, where the theme has no template of its own.

Oscar's pages skip heading levels, name columns with headings, link pictures without a name, leave table headers empty,
and let wide tables scroll by touch only. Each rule changes the markup and not the look.
"""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.translation import gettext as _

_COLUMN_TITLE = re.compile(r'<h4 class="(col-[^"]*)">(.*?)</h4>', re.DOTALL)
_HEADING = re.compile(r"<(?P<slash>/?)h(?P<level>[1-6])(?P<rest>\b[^>]*)>")
_CLASS = re.compile(r'\bclass="')
_EMPTY_HEADER = re.compile(r"<th([^>]*)>(?:\s|&nbsp;)*</th>")
_PICTURE_LINK = re.compile(r'<a (?=[^>]*>\s*<img [^>]*\balt=""[^>]*>\s*</a>)')
_QUANTITY = re.compile(r'<input (?=[^>]*\bname="form-\d+-quantity")')
_WIDE_TABLE = re.compile(r'<table class="table table-striped table-bordered">.*?</table>', re.DOTALL)


def mended(html: str) -> str:
    """Return the HTML of a page's content with all rules applied. Its title is the only heading of level 1."""
    html = _COLUMN_TITLE.sub(r'<p class="h4 \1">\2</p>', html)
    html = _EMPTY_HEADER.sub(r"<td\1></td>", html)
    html = _PICTURE_LINK.sub('<a tabindex="-1" aria-hidden="true" ', html)
    html = _QUANTITY.sub(f'<input aria-label="{escape(_("Quantity"))}" ', html)
    label = escape(_("Order"))
    html = _WIDE_TABLE.sub(
        lambda found: f'<div class="duka-scroll" role="group" tabindex="0" aria-label="{label}">{found[0]}</div>', html
    )
    return _with_levels(html)


def _with_levels(html: str) -> str:
    """Raise each heading that skips a level. A class keeps its size."""
    last, opened = 1, 1

    def raised(found: re.Match[str]) -> str:
        nonlocal last, opened
        if found["slash"]:
            return f"</h{opened}>"
        level, rest = int(found["level"]), found["rest"]
        last = opened = min(level, last + 1)
        return f"<h{opened}{rest if opened == level else _with_class(rest, f'h{level}')}>"

    return _HEADING.sub(raised, html)


def _with_class(rest: str, name: str) -> str:
    return _CLASS.sub(f'class="{name} ', rest, count=1) if _CLASS.search(rest) else f'{rest} class="{name}"'
