"""What a page brings along that a strict policy forbids."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

#: Attributes that load a file, by tag.
LOADS = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}

#: Kinds of a script element that hold data.
DATA = {"application/json", "text/template"}


class Forbidden(HTMLParser):
    """Collect inline scripts, styles and handlers, and files from other hosts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.files: set[str] = set()
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.found |= {f"{tag} {name}" for name in attributes if name.startswith("on")}
        if "style" in attributes:
            self.found.add(f"{tag} style={attributes['style']}")
        if attributes.get("href", "").startswith("javascript:"):
            self.found.add(f"{tag} {attributes['href']}")
        self._load(tag, attributes)
        is_inline = tag == "style" or (tag == "script" and "src" not in attributes)
        self._inside = tag if is_inline and attributes.get("type") not in DATA else ""

    def _load(self, tag: str, attributes: dict[str, str]) -> None:
        url = attributes.get(LOADS.get(tag, ""), "")
        if urlsplit(url).netloc:
            self.found.add(f"{tag} {url}")
        elif url:
            self.files.add(url)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.found.add(f"{self._inside}: {' '.join(data.split())}")
