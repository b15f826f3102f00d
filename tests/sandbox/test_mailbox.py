"""The demo keeps its emails in a folder and shows them on a page, with DEBUG only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client
from django.urls import reverse

from sandbox_site.mailbox import MOST_KEPT, MailboxBackend, stored_emails

pytestmark = pytest.mark.django_db

PAGE = "/en/demo-emails/"


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Path:
    settings.DEBUG = True
    settings.EMAIL_BACKEND = "sandbox_site.mailbox.MailboxBackend"
    settings.MAILBOX = tmp_path / "mail"
    return tmp_path / "mail"


def send_both_forms() -> None:
    message = EmailMultiAlternatives(
        "Malipo 1", "Habari: http://127.0.0.1:8000/sw/pay/abc/", None, ["amina@example.com"]
    )
    message.attach_alternative("<h1>Habari</h1><script>alert(1)</script>", "text/html")
    message.send()


@pytest.mark.usefixtures("mailbox")
def test_newest_email_comes_first_with_its_links(client: Client) -> None:
    send_mail("The first one", "Hello", None, ["amina@example.com"])
    send_both_forms()

    page = client.get(PAGE).content.decode()

    assert page.index("Malipo 1") < page.index("The first one")
    assert '<a href="http://127.0.0.1:8000/sw/pay/abc/"' in page
    assert "amina@example.com" in page
    assert "alert(1)" not in page


@pytest.mark.usefixtures("mailbox")
def test_html_of_an_email_runs_no_scripts(client: Client) -> None:
    send_both_forms()
    (stored,) = stored_emails()

    response = client.get(f"{PAGE}{stored.name}/")

    assert response.content.decode().startswith("<h1>Habari</h1>")
    assert response["Content-Security-Policy"].startswith(
        "sandbox allow-popups allow-top-navigation; default-src 'none'"
    )


@pytest.mark.usefixtures("mailbox")
def test_empty_mailbox_says_so(client: Client) -> None:
    assert "No emails yet. Buy something." in client.get(PAGE).content.decode()


def test_bar_links_to_the_mailbox(client: Client, mailbox: Path) -> None:
    assert f'href="{reverse("demo-emails")}"' in client.get("/en/").content.decode()


@pytest.mark.parametrize(
    "changed", [{"DEBUG": False}, {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"}]
)
def test_mailbox_of_a_public_shop_is_missing(
    client: Client, settings: Any, mailbox: Path, changed: dict[str, Any]
) -> None:
    send_both_forms()
    (stored,) = stored_emails()
    shown = client.get(PAGE).status_code
    for name, value in changed.items():
        setattr(settings, name, value)

    pages = [client.get(page).status_code for page in (PAGE, f"{PAGE}{stored.name}/")]

    assert (shown, pages) == (200, [404, 404])
    assert "demo-emails" not in client.get("/en/").content.decode()


@pytest.mark.usefixtures("mailbox")
def test_email_without_html_and_unknown_names_are_missing(client: Client) -> None:
    send_mail("Plain", "Hello", None, ["amina@example.com"])
    (stored,) = stored_emails()

    assert [client.get(f"{PAGE}{name}/").status_code for name in (stored.name, "other")] == [404, 404]
    assert stored.text.strip() == "Hello"


def test_mailbox_keeps_the_newest_200(mailbox: Path) -> None:
    mailbox.mkdir()
    for number in range(MOST_KEPT):
        (mailbox / f"20250101-000000-{number:06}.eml").write_bytes(b"Subject: Old\n\n")

    sent = MailboxBackend().send_messages([EmailMultiAlternatives("New", "Hello", None, ["amina@example.com"])])

    names = sorted(path.stem for path in mailbox.iterdir())
    assert (sent, len(names), names[0]) == (1, 200, "20250101-000000-000001")
    assert stored_emails()[0].subject == "New"
