"""Read the forms of a page as a browser without JavaScript does, and fill them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from oscar_mpesa.domain.method_code import is_mpesa

#: What a choice of M-PESA looks like if its code is not "mpesa".
_LIKE_MPESA = re.compile(r"m[\s_-]*pesa", re.IGNORECASE)

#: Types of fields that a shopper fills in by typing.
_TYPED = {"text", "tel", "email", "number", "password", "textarea", "url", "date"}


@dataclass(slots=True)
class Control:
    """A field of a form, or one of its choices."""

    kind: str
    name: str
    value: str
    is_checked: bool = False
    is_required: bool = False
    key: str = ""
    label: str = ""

    @property
    def is_choice(self) -> bool:
        """Return whether a shopper chooses it: a radio button, an option or a button with a value."""
        return self.kind in ("radio", "option", "submit")

    @property
    def is_sent(self) -> bool:
        """Return whether a browser sends it without a choice of the shopper's."""
        if self.kind == "checkbox":
            return bool(self.name) and (self.is_checked or self.is_required)
        return bool(self.name) and not self.is_choice

    @property
    def is_typed(self) -> bool:
        """Return whether a shopper types it in."""
        return self.kind in _TYPED


@dataclass(slots=True)
class Form:
    """A form of a page: where it posts to, and its fields."""

    action: str
    method: str
    key: str = ""
    controls: list[Control] = field(default_factory=list)

    def has(self, name: str, value: str | None = None) -> bool:
        """Return whether the form has a field of this name, with this value if one is given."""
        return any(each.name == name and value in (None, each.value) for each in self.controls)

    @property
    def places_order(self) -> bool:
        """Return whether posting the form places the order, as Oscar's preview does."""
        return self.has("action", "place_order")

    @property
    def asks_for_phone(self) -> bool:
        """Return whether it is M-PESA's form for the phone. It may carry the fields of a shop's own preview."""
        return self.has("phone_number") and (self.has("mpesa_amount") or not self.places_order)

    @property
    def asks_for_data(self) -> bool:
        """Return whether a shopper must type something in."""
        return any(each.is_typed and each.is_required for each in self.controls)

    @property
    def mpesa_choice(self) -> Control | None:
        """Return the choice of M-PESA: the one with the code "mpesa", else one that looks like it."""
        choices = [each for each in self.controls if each.is_choice and each.name]
        exact = [each for each in choices if is_mpesa(each.value)]
        alike = [each for each in choices if _LIKE_MPESA.search(f"{each.value} {each.label}")]
        return next(iter(exact + alike), None)

    def other_choices(self, choice: Control) -> list[Control]:
        """Return the other choices of the same field."""
        same = [each for each in self.controls if each.name == choice.name and each.kind == choice.kind]
        return [each for each in same if each.value not in ("", choice.value)]

    def data(self, choice: Control | None = None) -> dict[str, list[str]]:
        """Return what a browser posts: the choice, and the first choice of each other field that needs one."""
        data: dict[str, list[str]] = {}
        button = next((each for each in self.controls if each.kind == "submit" and each.name), None)
        for control in self._filled(choice):
            data.setdefault(control.name, []).append(control.value)
        if button is not None and button.name not in data:
            data[button.name] = [button.value]
        return data

    def _filled(self, choice: Control | None) -> Iterator[Control]:
        """Yield the fields that are sent: typed ones with something in them, and one choice of each group."""
        groups: dict[tuple[str, str], list[Control]] = {}
        for control in self.controls:
            if control.kind in ("radio", "option"):
                groups.setdefault((control.kind, control.name), []).append(control)
            elif control.is_sent:
                is_missing = control.is_required and not control.value
                yield Control(control.kind, control.name, "1" if is_missing else control.value)
        for (_kind, name), group in groups.items():
            if name and (choice is None or choice.name != name):
                yield next((each for each in group if each.is_checked), _first(group))
        if choice is not None:
            yield choice


def _first(group: list[Control]) -> Control:
    return next((each for each in group if each.value), group[0])


@dataclass(slots=True)
class Page:
    """The forms and the links of a page."""

    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def phone_form(self) -> Form | None:
        """Return M-PESA's form for the phone number."""
        return next((form for form in self.forms if form.asks_for_phone), None)

    @property
    def place_form(self) -> Form | None:
        """Return the form that places the order."""
        return next((form for form in self.forms if form.places_order and not form.asks_for_phone), None)

    @property
    def chooser(self) -> Form | None:
        """Return the form with a choice of M-PESA."""
        posting = [form for form in self.forms if form.method == "post"]
        return next((form for form in posting if form.mpesa_choice is not None), None)

    @property
    def mpesa_link(self) -> str:
        """Return a link that chooses M-PESA: one of its segments or values is "mpesa"."""
        return next((link for link in self.links if re.search(r"[/=]mpesa/?$", link)), "")


def read_page(html: str) -> Page:
    """Return the forms and links of a page. Never raises: what cannot be read is left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.finished()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._page = Page()
        self._form: Form | None = None
        self._loose: list[tuple[str, Control]] = []
        self._select: tuple[str, bool] = ("", False)
        self._text_of: Control | None = None
        self._takes_text = False
        self._label_for: str | None = None
        self._in_label: list[Control] | None = None
        self._label_text = ""
        self._labels: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = values.get("method", "get").lower()
            self._form = Form(values.get("action", ""), method, values.get("id", ""))
            self._page.forms.append(self._form)
        elif tag == "a" and values.get("href"):
            self._page.links.append(values["href"])
        elif tag == "label":
            self._label_for, self._in_label, self._label_text = values.get("for"), [], ""
        elif tag == "select":
            self._select = (values.get("name", ""), "required" in values)
        elif tag in ("input", "button", "option", "textarea") and "disabled" not in values:
            self._add(tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "label" and self._in_label is not None:
            if self._label_for:
                self._labels[self._label_for] = self._label_text
            for control in self._in_label:
                control.label = control.label or self._label_text
            self._in_label = None
        elif tag in ("option", "button", "textarea", "select"):
            if self._text_of is not None and self._takes_text:
                self._text_of.value = self._text_of.label
            self._text_of = None

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if self._in_label is not None:
            self._label_text = f"{self._label_text} {text}".strip()
        if self._text_of is not None:
            self._text_of.label = f"{self._text_of.label} {text}".strip()

    def finished(self) -> Page:
        """Return the page, with the labels and the fields that stand outside their forms."""
        by_key = {form.key: form for form in self._page.forms if form.key}
        for key, control in self._loose:
            if key in by_key:
                by_key[key].controls.append(control)
        for form in self._page.forms:
            for control in form.controls:
                control.label = control.label or self._labels.get(control.key, "")
        return self._page

    def _add(self, tag: str, values: dict[str, str]) -> None:
        control = self._control(tag, values)
        if self._in_label is not None:
            self._in_label.append(control)
        if values.get("form"):
            self._loose.append((values["form"], control))
        elif self._form is not None:
            self._form.controls.append(control)

    def _control(self, tag: str, values: dict[str, str]) -> Control:
        name, is_required = values.get("name", ""), "required" in values
        if tag == "option":
            name, is_required = self._select
        default = {"button": "submit", "option": "option", "textarea": "textarea"}.get(tag, "text")
        kind = values.get("type", default).lower() if tag in ("input", "button") else default
        kind = "submit" if kind == "image" else kind
        value = values.get("value", "on" if kind == "checkbox" else "")
        self._takes_text = tag == "option" and "value" not in values
        is_checked = "checked" in values or "selected" in values
        control = Control(kind, name, value, is_checked, is_required, values.get("id", ""))
        if tag in ("option", "button"):
            self._text_of = control
        return control
