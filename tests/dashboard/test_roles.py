"""The ready roles, the page that gives them, and the page for staff who lack a permission."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client

from oscar_mpesa.dashboard.refusals import permission_labels
from oscar_mpesa.models import MpesaEvent
from oscar_mpesa.services.roles import ACCOUNTANT, CASHIER, PERMISSIONS, SUPERVISOR, change_role, create_roles
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.house.documents import text_of
from tests.shop import NOON, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

#: Permissions to view a table in Django's admin.
TABLES = {
    f"view_mpesa{name}"
    for name in (
        "allocation apicall blockedphone callback claim event order outboxmessage payment pushattempt receipt refund"
    ).split()
}


def owner() -> Any:
    users = get_user_model().objects
    return users.filter(username="owner").first() or users.create_superuser("owner", "owner@example.com", "x")


def owner_client() -> Client:
    client = Client()
    client.force_login(owner())
    return client


def assistant(**changes: Any) -> Any:
    return get_user_model().objects.create_user("amina", "amina@example.com", "x", **changes)


def codenames(group: str) -> set[str]:
    return set(Group.objects.get(name=group).permissions.values_list("codename", flat=True))


def run(*options: str) -> str:
    out = StringIO()
    call_command("mpesa_roles", *options, stdout=out)
    return out.getvalue()


def test_only_permissions_that_do_something_exist() -> None:
    ours = Permission.objects.filter(content_type__app_label="oscar_mpesa").values_list("codename", flat=True)

    assert set(ours) == TABLES | set(PERMISSIONS)
    assert len(PERMISSIONS) == 12


def test_command_creates_the_three_groups() -> None:
    run()

    assert codenames("M-PESA cashier") == {"view_mpesapayment", "act_on_payment", "record_claim"}
    assert codenames("M-PESA supervisor") == set(PERMISSIONS)
    assert codenames("M-PESA accountant") == set(ACCOUNTANT.permissions)
    assert "view_full_phone" not in codenames("M-PESA accountant")


def test_second_run_keeps_what_the_shop_added() -> None:
    run()
    group = Group.objects.get(name="M-PESA cashier")
    group.permissions.add(Permission.objects.get(codename="block_phone"))
    group.permissions.remove(Permission.objects.get(codename="record_claim"))

    printed = run()

    assert "M-PESA cashier: missing record_claim; added by the shop block_phone" in printed
    assert codenames("M-PESA cashier") == {*CASHIER.permissions, "block_phone"}


def test_exactly_takes_away_what_the_shop_added() -> None:
    run()
    Group.objects.get(name="M-PESA cashier").permissions.add(Permission.objects.get(codename="block_phone"))

    run("--exactly")

    assert codenames("M-PESA cashier") == set(CASHIER.permissions)


def test_check_fails_and_changes_nothing() -> None:
    with pytest.raises(CommandError, match="to give the groups what they lack"):
        run("--check")
    assert not Group.objects.exists()

    run()

    assert "missing nothing" in run("--check")


def test_owner_finds_a_person_and_gives_a_role() -> None:
    person, client = assistant(), owner_client()

    found = page_text(client.get(url_of("people"), {"q": "AMINA@"}))
    given = client.post(url_of("person-role", person.pk), {"action": "give", "role": "cashier"}, follow=True)
    person.refresh_from_db()

    assert "amina@example.com" in found and "No staff yet: a role makes them staff" in found
    assert "amina now has the role M-PESA cashier." in page_text(given)
    assert person.is_staff and not person.is_superuser
    assert [group.name for group in person.groups.all()] == ["M-PESA cashier"]


def test_role_is_taken_away_and_the_person_stays_staff() -> None:
    person, client = assistant(), owner_client()
    change_role(person, SUPERVISOR, is_given=True, by=owner(), now=NOON)

    taken = client.post(url_of("person-role", person.pk), {"action": "take", "role": "supervisor"}, follow=True)
    person.refresh_from_db()

    assert "amina no longer has the role M-PESA supervisor." in page_text(taken)
    assert (person.is_staff, person.groups.count()) == (True, 0)


def test_second_role_is_added_to_the_first() -> None:
    person = assistant(is_staff=True)

    changes = [change_role(person, role, is_given=True, by=owner(), now=NOON) for role in (CASHIER, ACCOUNTANT)]

    assert changes == [True, True]
    assert sorted(group.name for group in person.groups.all()) == ["M-PESA accountant", "M-PESA cashier"]


def test_roles_are_given_by_superusers_only() -> None:
    person = assistant()

    with pytest.raises(PermissionDenied):
        change_role(person, SUPERVISOR, is_given=True, by=new_staff_user(*PERMISSIONS), now=NOON)

    assert (person.groups.count(), MpesaEvent.objects.count()) == (0, 0)


def test_repeated_gift_is_recorded_once() -> None:
    person = assistant()

    changes = [change_role(person, CASHIER, is_given=True, by=owner(), now=NOON) for _ in range(2)]

    event = MpesaEvent.objects.get()
    assert changes == [True, False]
    assert (event.type, event.params) == ("role_given", {"role": "M-PESA cashier", "person": "amina"})


@pytest.mark.parametrize(("pk", "role"), [("0", "cashier"), ("x", "cashier"), ("9" * 40, "cashier"), ("", "boss")])
def test_unknown_person_or_role_is_not_found(pk: str, role: str) -> None:
    person = assistant()

    answer = owner_client().post(url_of("person-role", pk or person.pk), {"action": "give", "role": role})

    assert (answer.status_code, person.groups.count()) == (404, 0)


def test_page_lists_staff_with_their_roles_and_permissions() -> None:
    create_roles()
    new_staff_user("block_phone")
    change_role(assistant(first_name="Amina"), CASHIER, is_given=True, by=owner(), now=NOON)
    get_user_model().objects.create_user("other", "other@example.com", "x", is_staff=True)

    words = page_text(owner_client().get(url_of("people")))

    assert "Amina amina@example.com · M-PESA cashier" in words
    assert "Permissions of their own: Can block M-PESA prompts to a phone" in words
    assert "owner@example.com · Superuser: may do everything" in words
    assert "other@example.com" not in words


def test_refusal_names_the_permission_and_the_roles_that_have_it() -> None:
    client = Client()
    client.force_login(new_staff_user("view_mpesapayment"))

    answers = [client.get(url_of("month")), client.post(url_of("month"))]

    assert [answer.status_code for answer in answers] == [403, 403]
    words = page_text(answers[0])
    assert "You need this permission: Can see how much M-PESA brings in" in words
    assert "These roles have it: M-PESA supervisor, M-PESA accountant." in words


def test_refusal_of_a_superusers_page_names_no_role() -> None:
    words = page_text(staff_client(*PERMISSIONS).get(url_of("people")))

    assert "Only the owner of the shop, a superuser, can open it." in words
    assert "These roles have it" not in words


def test_staff_without_turnover_see_no_sums() -> None:
    without, with_it = Client(), staff_client()
    without.force_login(new_staff_user("view_mpesapayment"))

    pay(new_payment())

    pages = [page_text(client.get(url_of(name))) for client in (without, with_it) for name in ("overview", "receipts")]

    assert ["in test payments" in words or "1,500 received" in words for words in pages] == [False, False, True, True]


def test_document_names_what_each_role_may_do() -> None:
    lines = text_of("docs/people-and-permissions.md").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| `oscar_mpesa.")]
    held = {
        role.name: {
            row[1].strip().strip("`").removeprefix("oscar_mpesa.") for row in rows if row[column].strip() == "yes"
        }
        for column, role in ((3, CASHIER), (4, SUPERVISOR), (5, ACCOUNTANT))
    }

    assert held == {role.name: set(role.permissions) for role in (CASHIER, SUPERVISOR, ACCOUNTANT)}


def test_every_permission_has_words() -> None:
    assert set(permission_labels()) == set(PERMISSIONS)
