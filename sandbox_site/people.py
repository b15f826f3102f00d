"""Users of the demo: a shopper, a shopkeeper and an administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.crypto import get_random_string
from oscar.core.loading import get_model

#: App labels whose permissions the shopkeeper has.
SHOPKEEPING = (
    "address analytics catalogue communication customer flatpages offer order oscar_mpesa partner payment reviews "
    "shipping voucher"
).split()


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user of the demo."""

    username: str
    password: str
    role: str
    first_name: str
    last_name: str
    is_staff: bool = False
    is_superuser: bool = False

    @property
    def email(self) -> str:
        """The email address for Oscar's login form."""
        return f"{self.username}@example.com"


SHOPPER = Login(
    username="shopper",
    password="karibu-shopper",  # nosec B106 # public: works with DEBUG only
    role="shopper",
    first_name="Amina",
    last_name="Otieno",
)
STAFF = Login(
    username="staff",
    password="karibu-staff",  # nosec B106 # public: works with DEBUG only
    role="shopkeeper",
    first_name="Juma",
    last_name="Mwangi",
    is_staff=True,
)
ADMIN = Login(
    username="admin",
    password="karibu-admin",  # nosec B106 # public: works with DEBUG only
    role="administrator",
    first_name="Wanjiru",
    last_name="Hassan",
    is_staff=True,
    is_superuser=True,
)
LOGINS = (SHOPPER, STAFF, ADMIN)
#: They are in this file for everybody to read. See ``sandbox_site.passwords``.
PUBLIC_PASSWORDS = frozenset(login.password for login in LOGINS)


@transaction.atomic
def create_users() -> list[Login]:
    """Create missing users, and return the logins whose password is new.

    With ``DEBUG`` off, nobody gets or keeps a public password. Other passwords and changed names stay. Raises
    ``ValidationError`` if ``SANDBOX_STAFF_PASSWORD`` is too weak or public.
    """
    new = [login for login in map(_with_safe_password, LOGINS) if _create_or_secure(login)]
    users = get_user_model().objects
    users.get(username=STAFF.username).groups.add(_shopkeepers())
    shopper: Any = users.get(username=SHOPPER.username)
    if not shopper.addresses.exists():
        _create_address(shopper)
    return new


def _with_safe_password(login: Login) -> Login:
    if settings.DEBUG:
        return login
    if login.is_staff and settings.SANDBOX_STAFF_PASSWORD:
        validate_password(settings.SANDBOX_STAFF_PASSWORD)
        return replace(login, password=settings.SANDBOX_STAFF_PASSWORD)
    return replace(login, password=get_random_string(20))


def _create_or_secure(login: Login) -> bool:
    """Return whether the user got a password."""
    users = get_user_model().objects
    user = users.filter(username=login.username).first()
    if user is None:
        users.create_user(
            username=login.username,
            email=login.email,
            password=login.password,
            first_name=login.first_name,
            last_name=login.last_name,
            is_staff=login.is_staff,
            is_superuser=login.is_superuser,
        )
        return True
    if settings.DEBUG or not any(map(user.check_password, PUBLIC_PASSWORDS)):
        return False
    user.set_password(login.password)
    user.save(update_fields=["password"])
    return True


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
