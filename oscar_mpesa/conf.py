"""Settings of the app: one frozen dataclass, read lazily from ``settings.OSCAR_MPESA``.

A shop sets ``OSCAR_MPESA = mpesa_settings(env)`` or a plain dict. The keys are the names of the environment variables
without ``MPESA_``. Nothing is read at import. An unknown key or an unusable value never stops the shop: it is one of
``settings_mistakes``, the setting keeps its default, and M-PESA is not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from oscar_mpesa.daraja.credentials import HOSTS, Credentials
from oscar_mpesa.daraja.hidden import HiddenText
from oscar_mpesa.domain import order_statuses, setting_values
from oscar_mpesa.domain.money import Rounding

if TYPE_CHECKING:
    from environ import Env

__all__ = ["mpesa_settings"]

#: The environments that rows are marked with. Only ``production`` is real money.
PRODUCTION, SANDBOX, SIMULATED = "production", "sandbox", "simulated"

AVAILABLE_TO = ("nobody", "staff", "everyone")
SHORTCODE_TYPES = ("", "paybill", "till")
CALLBACK_IP_POLICIES = ("warn", "confirm")


@dataclass(frozen=True, kw_only=True)
class MpesaSettings:
    """The shop's settings, with checked types. The system checks report contradictions between them."""

    ENVIRONMENT: str = SANDBOX
    CONSUMER_KEY: str = field(default="", repr=False)
    CONSUMER_SECRET: str = field(default="", repr=False)
    SHORTCODE: str = ""
    PASSKEY: str = field(default="", repr=False)
    CALLBACK_URL: str = ""
    TILL_NUMBER: str = ""
    SHORTCODE_TYPE: str = ""
    BASE_URL: str = ""
    TEST_MODE: bool = False
    ALLOWED_IPS: tuple[str, ...] = ()
    CALLBACK_IP_POLICY: str = "warn"
    TRUSTED_PROXIES: int = 0
    SUPPORT_CONTACT: str = ""
    NAME_ON_PROMPT: str = ""
    AVAILABLE_TO: str = "everyone"
    PAYMENT_WINDOW_MINUTES: int = 30
    PAY_LATER_HOURS: int = 24
    PAY_LATER_MAX: int = 10_000
    ADDRESS_ALERT_LIMIT: int = 100
    ADDRESS_LIMIT: int = 0
    ALERT_EMAILS: tuple[str, ...] = ()
    HEALTH_TOKEN: str = field(default="", repr=False)
    ROUNDING: Rounding = Rounding.UP
    OTHER_METHODS: tuple[tuple[str, Any, str | None], ...] = ()
    AUTO_INTEGRATE: bool = True
    OWN_CHOOSER: bool | None = None
    EXTEND_PIPELINE: bool = True
    REOPEN_EXPIRED_ORDERS: bool = True
    PENDING_STATUS: str = "Pending payment"
    PAID_STATUS: str = ""
    EXPIRED_STATUS: str = "Payment expired"
    CANCELLED_STATUS: str = ""
    CACHE: str = "default"
    ORDER_OWNERSHIP_CHECK: str | Callable[[Any, Any], bool] = ""
    WAKE: str | Callable[..., Any] = "oscar_mpesa.services.background_thread.wake"

    @property
    def has_credentials(self) -> bool:
        """Return whether key, secret, short code, passkey and callback URL are all set."""
        return all(self._credential_values)

    @property
    def has_half_credentials(self) -> bool:
        """Return whether only some of the five are set: a mistake rather than test mode."""
        return any(self._credential_values) and not self.has_credentials

    @property
    def _credential_values(self) -> tuple[str, ...]:
        return (self.CONSUMER_KEY, self.CONSUMER_SECRET, self.SHORTCODE, self.PASSKEY, self.CALLBACK_URL)

    @property
    def is_simulated(self) -> bool:
        """Return whether the shop is in test mode: without credentials, the simulator replaces Safaricom."""
        return self.ENVIRONMENT == SANDBOX and not any(self._credential_values)

    @property
    def environment(self) -> str:
        """Return ``production``, ``sandbox`` or ``simulated``, with which new rows are marked."""
        return SIMULATED if self.is_simulated else self.ENVIRONMENT

    @property
    def is_test(self) -> bool:
        """Return whether no real money moves. Pages and emails then show TEST."""
        return self.environment != PRODUCTION

    @property
    def may_test(self) -> bool:
        """Return whether ``DEBUG`` or ``MPESA_TEST_MODE`` allows test environments."""
        return bool(settings.DEBUG) or self.TEST_MODE

    @property
    def faults(self) -> tuple[str, ...]:
        """Return the ids of the configuration errors in force. With any of them, M-PESA is unavailable.

        ``checks/configuration.py`` has the message for each id.
        """
        production = self.ENVIRONMENT == PRODUCTION
        conditions = {
            "E002": (self.SHORTCODE_TYPE == "till" and not self.TILL_NUMBER)
            or (self.SHORTCODE_TYPE == "paybill" and bool(self.TILL_NUMBER)),
            "E003": self.has_half_credentials or (production and not self.has_credentials),
            "E004": production and self.SHORTCODE == "174379",
            "E005": production and bool(self.BASE_URL),
            "E006": self.has_credentials and not self._callback_is_usable,
            "E007": production and self.TEST_MODE,
            "E008": self.ENVIRONMENT == SANDBOX and not self.may_test,
            "E013": not settings.USE_TZ,
            "E014": self.CACHE not in settings.CACHES,
            "E015": bool(settings_mistakes()),
        }
        return tuple(sorted(id_ for id_, is_met in conditions.items() if is_met))

    @property
    def available_to(self) -> str:
        """Return who may pay by M-PESA: ``everyone``, ``staff`` or ``nobody``. It is nobody with any fault."""
        return "nobody" if self.faults else self.AVAILABLE_TO

    @property
    def _callback_is_usable(self) -> bool:
        address = self.CALLBACK_URL
        schemes = ("https://",) if self.ENVIRONMENT == PRODUCTION else ("https://", "http://")
        return address.startswith(schemes) and not any(char in address for char in "?# \t\n")

    @property
    def credentials(self) -> Credentials:
        """Return the credentials for the Daraja client; raise ``ImproperlyConfigured`` if any is missing."""
        if not self.has_credentials:
            raise ImproperlyConfigured("oscar_mpesa: MPESA_* credentials are missing; run manage.py check")
        return Credentials(
            consumer_key=self.CONSUMER_KEY,
            consumer_secret=self.CONSUMER_SECRET,
            shortcode=self.SHORTCODE,
            passkey=self.PASSKEY,
            till=self.TILL_NUMBER,
            base_url=self.BASE_URL.rstrip("/") or HOSTS[self.ENVIRONMENT],
        )

    def callback_url(self, secret: str) -> str:
        """Return the callback URL of one payment: ``MPESA_CALLBACK_URL`` + ``/<secret>/``."""
        return HiddenText(f"{self.CALLBACK_URL.rstrip('/')}/{secret}/")


def mpesa_settings(env: Env) -> dict[str, Any]:
    """Read the ``MPESA_*`` variables of a django-environ ``Env``; absent and empty ones keep their defaults."""
    readers = {bool: env.bool, int: env.int, tuple: env.list}
    values: dict[str, Any] = {}
    for setting in fields(MpesaSettings):
        name = f"MPESA_{setting.name}"
        if setting.name in ENVIRONMENT_NAMES and env.str(name, default="").strip():
            try:
                values[setting.name] = readers.get(type(setting.default), env.str)(name)
            except ValueError:  # a check reports it
                values[setting.name] = env.str(name)
    return values


#: The settings with an environment variable. The others belong in the settings file.
ENVIRONMENT_NAMES = frozenset(
    "ENVIRONMENT CONSUMER_KEY CONSUMER_SECRET SHORTCODE PASSKEY CALLBACK_URL TILL_NUMBER SHORTCODE_TYPE BASE_URL "
    "TEST_MODE ALLOWED_IPS CALLBACK_IP_POLICY TRUSTED_PROXIES SUPPORT_CONTACT NAME_ON_PROMPT AVAILABLE_TO "
    "PAYMENT_WINDOW_MINUTES PAY_LATER_HOURS PAY_LATER_MAX ADDRESS_ALERT_LIMIT ADDRESS_LIMIT ALERT_EMAILS "
    "HEALTH_TOKEN ROUNDING".split()
)


def get_settings() -> MpesaSettings:
    """Return the shop's settings, with the statuses of its pipeline for those that it does not name.

    The result is cached until Django announces a change of a setting that it depends on.
    """
    return _read(_pipeline())[0]


def settings_mistakes() -> tuple[str, ...]:
    """Return what is wrong in ``OSCAR_MPESA`` itself: unknown keys, unusable values, and statuses that are the same."""
    return _read(_pipeline())[1]


def _pipeline() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the pipeline of the order model, or before models load, of the settings."""
    if apps.models_ready:
        pipeline: Any = apps.get_model("order", "Order").pipeline
    else:
        pipeline = getattr(settings, "OSCAR_ORDER_STATUS_PIPELINE", {})
    return tuple((status, order_statuses.next_statuses(steps)) for status, steps in pipeline.items())


@lru_cache(maxsize=2)
def _read(pipeline: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[MpesaSettings, tuple[str, ...]]:
    values, mistakes = _usable_values(getattr(settings, "OSCAR_MPESA", {}))
    ours = with_statuses(MpesaSettings(**values), dict(pipeline))
    named = [ours.PENDING_STATUS, ours.EXPIRED_STATUS, ours.CANCELLED_STATUS, ours.PAID_STATUS]
    if len(set(named)) < len(named):
        mistakes.append("PENDING_STATUS, PAID_STATUS, EXPIRED_STATUS and CANCELLED_STATUS must differ")
        defaults = {name: value for name, value in values.items() if not name.endswith("_STATUS")}
        ours = with_statuses(MpesaSettings(**defaults), dict(pipeline))
    return ours, tuple(mistakes)


def with_statuses(ours: MpesaSettings, pipeline: order_statuses.Pipeline) -> MpesaSettings:
    """Return the settings with statuses from a pipeline instead of an empty PAID_STATUS and CANCELLED_STATUS."""
    taken = (ours.PENDING_STATUS, ours.EXPIRED_STATUS, ours.PAID_STATUS)
    canceled = ours.CANCELLED_STATUS or order_statuses.canceled_status(pipeline, taken=taken)
    paid = ours.PAID_STATUS or order_statuses.paid_status(
        pipeline,
        initial=str(getattr(settings, "OSCAR_INITIAL_ORDER_STATUS", None) or ""),
        pending=ours.PENDING_STATUS,
        others=(ours.EXPIRED_STATUS, canceled),
    )
    return replace(ours, PAID_STATUS=paid, CANCELLED_STATUS=canceled)


def _usable_values(given: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the values of the known keys, each converted, and what is wrong with the others."""
    if not isinstance(given, dict):
        return {}, ["it is not a dictionary"]
    values: dict[str, Any] = {}
    mistakes = [_accept(name, value, values) for name, value in given.items()]
    return values, [mistake for mistake in mistakes if mistake]


def _accept(name: str, value: Any, values: dict[str, Any]) -> str:
    """Add the converted value to the values, or return what is wrong with it."""
    known = {setting.name for setting in fields(MpesaSettings)}
    if name not in known:
        return f"{name}: there is no such setting; the settings are {', '.join(sorted(known))}"
    try:
        values[name] = _converted(name, value)
    except (TypeError, ValueError) as error:
        return f"{name}: {error}"
    return ""


def _converted(name: str, value: Any) -> Any:
    converters: dict[str, Any] = {
        "ENVIRONMENT": setting_values.choice(tuple(HOSTS)),
        "AVAILABLE_TO": setting_values.choice(AVAILABLE_TO),
        "SHORTCODE_TYPE": setting_values.choice(SHORTCODE_TYPES),
        "ROUNDING": Rounding,
        "ALLOWED_IPS": setting_values.networks,
        "CALLBACK_IP_POLICY": setting_values.choice(CALLBACK_IP_POLICIES),
        "ALERT_EMAILS": setting_values.texts,
        "OTHER_METHODS": setting_values.triples,
        "TRUSTED_PROXIES": int,
        "PAYMENT_WINDOW_MINUTES": setting_values.positive,
        "PAY_LATER_HOURS": setting_values.positive,
        "PAY_LATER_MAX": setting_values.not_negative,
        "ADDRESS_ALERT_LIMIT": setting_values.not_negative,
        "ADDRESS_LIMIT": setting_values.not_negative,
        "OWN_CHOOSER": setting_values.boolean_or_none,
        "ORDER_OWNERSHIP_CHECK": setting_values.function,
        "WAKE": setting_values.function,
    }
    is_text = isinstance(getattr(MpesaSettings, name), str)
    return converters.get(name, setting_values.text if is_text else setting_values.boolean)(value)


def _clear_cache(*, setting: str, **_: Any) -> None:
    if setting in {"OSCAR_MPESA", "DEBUG", "OSCAR_INITIAL_ORDER_STATUS"}:
        _read.cache_clear()


setting_changed.connect(_clear_cache, dispatch_uid="oscar_mpesa.conf")
