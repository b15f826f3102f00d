"""Read an HTML email as a mail program does: which words stand in which cell of its main content."""

from __future__ import annotations

from html.parser import HTMLParser

#: Elements without an end.
VOID = {"meta", "br", "img", "link", "hr", "input"}


class EmailHtml(HTMLParser):
    """The words of an email: ``inside`` the main content's table, and ``outside`` of it.

    ``is_well_formed`` is whether each element ends in the one that it began in.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.inside: list[str] = []
        self.outside: list[str] = []
        self.is_well_formed = True
        self.links: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        self.is_well_formed &= not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = dict(attrs).get("class") or ""
        if tag == "a":
            self.links.append((classes, dict(attrs).get("href") or ""))
        if tag not in VOID:
            self._open.append((tag, classes))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self._open or self._open.pop()[0] != tag):
            self.is_well_formed = False

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        if not data.strip() or tags & {"style", "head"}:
            return
        is_inside = ("td", "content-wrap") in self._open and "body" in tags
        (self.inside if is_inside else self.outside).append(data.strip())
