"""Users of the demo: a shopper, a shopkeeper and an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from oscar.core.loading import get_model

#: App labels whose permissions the shopkeeper has.
SHOPKEEPING = (
    "address analytics catalogue communication customer flatpages offer order oscar_mpesa partner payment reviews "
    "shipping voucher"
).split()


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user of the demo. The password is public, so it must not protect anything real."""

    username: str
    password: str
    role: str
    first_name: str
    last_name: str

    @property
    def email(self) -> str:
        """The email address for Oscar's login form."""
        return f"{self.username}@example.com"


SHOPPER = Login(username="shopper", password="karibu-shopper", role="shopper", first_name="Amina", last_name="Otieno")
STAFF = Login(username="staff", password="karibu-staff", role="shopkeeper", first_name="Juma", last_name="Mwangi")
ADMIN = Login(username="admin", password="karibu-admin", role="administrator", first_name="Wanjiru", last_name="Hassan")
LOGINS = (SHOPPER, STAFF, ADMIN)


def create_users() -> None:
    """Create missing users. Changed names and passwords stay."""
    _get_or_create_user(ADMIN, is_staff=True, is_superuser=True)
    _get_or_create_user(STAFF, is_staff=True).groups.add(_shopkeepers())
    shopper = _get_or_create_user(SHOPPER)
    if not shopper.addresses.exists():
        _create_address(shopper)


def _get_or_create_user(login: Login, **flags: bool) -> Any:
    users = get_user_model().objects
    user = users.filter(username=login.username).first()
    return user or users.create_user(
        username=login.username,
        email=login.email,
        password=login.password,
        first_name=login.first_name,
        last_name=login.last_name,
        **flags,
    )


def _shopkeepers() -> Group:
    group, _ = Group.objects.get_or_create(name="Shopkeepers")
    group.permissions.set(Permission.objects.filter(content_type__app_label__in=SHOPKEEPING))
    return group


def _create_address(user: Any) -> None:
    get_model("address", "UserAddress").objects.create(
        user=user,
        first_name=user.first_name,
        last_name=user.last_name,
        line1="Nyali Road 12",
        line4="Mombasa",
        postcode="80100",
        country=get_model("address", "Country").objects.get(iso_3166_1_a2="KE"),
        phone_number="+254708374149",
        is_default_for_shipping=True,
    )
