"""Read the forms and links of a page, as a browser without scripts does."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str]

#: Types of inputs that choose one of several values.
PICKED = ("radio", "select")
UNSENT = ("submit", "button", "image", "reset", "file")


@dataclass(kw_only=True)
class Field:
    """A field of a form. A radio button or an option of a list is one field each, with the others' name."""

    name: str
    kind: str
    value: str = ""
    is_on: bool = True
    is_required: bool = False
    id: str = ""
    label: str = ""


@dataclass(kw_only=True)
class Form:
    """A form with its fields and buttons, in their order."""

    action: str
    method: str
    id: str = ""
    fields: list[Field] = field(default_factory=list)
    buttons: list[Field] = field(default_factory=list)

    def data(self) -> dict[str, str]:
        """Return what a browser sends without any change."""
        return {each.name: each.value for each in self.fields if each.is_on and each.name}

    def choices(self) -> list[Field]:
        """Return the radio buttons and options."""
        return [each for each in self.fields if each.kind in PICKED]


class Reader(HTMLParser):
    """Collect forms, and links with their classes and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str, str]] = []
        self._form: Form | None = None
        self._outside: list[tuple[str, Field]] = []
        self._select: Attributes = {}
        self._labels: dict[str, str] = {}
        self._text: list[str] = []
        self._link: Attributes | None = None
        self._label: Attributes | None = None
        self._in_label: list[Field] = []
        self._last: Field | None = None
        self.feed(html)
        self._finish()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        start = getattr(self, f"_start_{tag}", None)
        if start is not None:
            start(attributes, {name for name, _ in attrs})

    def handle_endtag(self, tag: str) -> None:
        end = getattr(self, f"_end_{tag}", None)
        if end is not None:
            end()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def _start_form(self, attributes: Attributes, _: set[str]) -> None:
        method = attributes.get("method", "get").lower()
        self._form = Form(action=attributes.get("action", ""), method=method, id=attributes.get("id", ""))
        self.forms.append(self._form)

    def _end_form(self) -> None:
        self._form = None

    def _start_input(self, attributes: Attributes, names: set[str]) -> None:
        kind = attributes.get("type", "text").lower()
        is_on = "checked" in names or kind not in ("radio", "checkbox")
        default = "on" if kind in ("radio", "checkbox") else ""
        self._add(attributes, names, kind=kind, value=attributes.get("value", default), is_on=is_on)

    def _start_button(self, attributes: Attributes, names: set[str]) -> None:
        kind = attributes.get("type", "submit").lower()
        self._text = []
        self._add(attributes, names, kind=kind, value=attributes.get("value", ""), is_on=False)

    def _end_button(self) -> None:
        if self._last is not None:
            self._last.label = " ".join("".join(self._text).split())

    def _start_textarea(self, attributes: Attributes, names: set[str]) -> None:
        self._text = []
        self._add(attributes, names, kind="textarea", value="", is_on=True)

    def _end_textarea(self) -> None:
        if self._last is not None:
            self._last.value = "".join(self._text).strip()

    def _start_select(self, attributes: Attributes, _: set[str]) -> None:
        self._select = attributes

    def _end_select(self) -> None:
        self._end_option()
        self._select = {}

    def _start_option(self, attributes: Attributes, names: set[str]) -> None:
        self._end_option()
        self._text = []
        of_list = {**self._select, "form": self._select.get("form", "")}
        value = attributes.get("value", "")
        self._add(of_list, set(self._select), kind="select", value=value, is_on="selected" in names)

    def _end_option(self) -> None:
        if self._last is not None and self._last.kind == "select" and not self._last.label:
            self._last.label = " ".join("".join(self._text).split())

    def _start_label(self, attributes: Attributes, _: set[str]) -> None:
        self._label, self._in_label, self._text = attributes, [], []

    def _end_label(self) -> None:
        text = " ".join("".join(self._text).split())
        if self._label is not None and self._label.get("for"):
            self._labels[self._label["for"]] = text
        for each in self._in_label:
            each.label = text
        self._label = None

    def _start_a(self, attributes: Attributes, _: set[str]) -> None:
        self._link, self._text = attributes, []

    def _end_a(self) -> None:
        if self._link is not None and self._link.get("href"):
            text = " ".join("".join(self._text).split())
            self.links.append((self._link["href"], self._link.get("class", ""), text))
        self._link = None

    def _add(self, attributes: Attributes, names: set[str], *, kind: str, value: str, is_on: bool) -> None:
        if "disabled" in names:
            return
        new = Field(name=attributes.get("name", ""), kind=kind, value=value, is_on=is_on)
        new.is_required, new.id = "required" in names, attributes.get("id", "")
        self._last = new
        if self._label is not None:
            self._in_label.append(new)
        if attributes.get("form"):
            self._outside.append((attributes["form"], new))
        elif self._form is not None:
            _put(self._form, new)

    def _finish(self) -> None:
        for form_id, each in self._outside:
            for form in self.forms:
                if form.id == form_id:
                    _put(form, each)
        for form in self.forms:
            for each in form.fields:
                each.label = each.label or self._labels.get(each.id, "")
            _select_first_options(form)


def _put(form: Form, new: Field) -> None:
    if new.kind in UNSENT:
        if new.kind == "submit":
            form.buttons.append(new)
    else:
        form.fields.append(new)


def _select_first_options(form: Form) -> None:
    """Select the first option of each list without a selected one, as browsers do."""
    for name in {each.name for each in form.fields if each.kind == "select"}:
        options = [each for each in form.fields if each.kind == "select" and each.name == name]
        if not any(each.is_on for each in options):
            options[0].is_on = True
