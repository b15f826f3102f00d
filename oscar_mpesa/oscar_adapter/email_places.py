"""Find where rows belong in an email of the shop: after the totals, or else at the end of the main content."""

from __future__ import annotations

from html.parser import HTMLParser

#: The class of Oscar's table of totals, and of the cell around the table of the main content.
TOTALS, CONTENT = "order-items", "content-wrap"


def insert_html(html: str, table: str) -> str:
    """Return an email with a table inside its body: after Oscar's totals, or else as the last row of its content.

    An email with neither gets the table before the end of its body.
    """
    places = _Places(html)
    if places.after_totals is not None:
        return _insert(html, places.after_totals, table)
    if places.content_end is not None:
        return _insert(html, places.content_end, f'<tr><td class="content-block">{table}</td></tr>')
    return _insert(html, len(html) if places.body_end is None else places.body_end, f"<div>{table}</div>")


def insert_text(text: str, lines: str, *, after: str) -> str:
    """Return a text with lines after the line that starts with ``after``, or else at its end."""
    before = text.splitlines()
    for number, line in enumerate(before):
        if after and line.startswith(after):
            return "\n".join([*before[: number + 1], "", lines, *before[number + 1 :]]) + "\n"
    return f"{text.rstrip()}\n\n{lines}\n"


def _insert(html: str, offset: int, part: str) -> str:
    return f"{html[:offset]}{part}{html[offset:]}"


class _Places(HTMLParser):
    """The offsets of an email's places, or None. Only whole tags count, not those in comments."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.after_totals: int | None = None
        self.content_end: int | None = None
        self.body_end: int | None = None
        self._html, self._tables, self._cell = html, list[str](), ""
        self._starts = [0]
        for line in html.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the classes of a table, and of the cell that the next table is in."""
        classes = dict(attrs).get("class") or ""
        if tag == "table":
            is_content = CONTENT in self._cell.split()
            self._tables.append(CONTENT if is_content else classes)
        self._cell = classes if tag == "td" else ""

    def handle_endtag(self, tag: str) -> None:
        """Note the first end of each place."""
        line, column = self.getpos()
        start = self._starts[line - 1] + column
        if tag == "table" and self._tables:
            classes = self._tables.pop().split()
            if TOTALS in classes and self.after_totals is None:
                self.after_totals = self._html.index(">", start) + 1
            if CONTENT in classes and self.content_end is None:
                self.content_end = start
        if tag in {"body", "html"} and self.body_end is None:
            self.body_end = start
