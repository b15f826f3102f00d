"""Turn the system checks into findings, and list the settings in force."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from django.core.checks import ERROR, CheckMessage, run_checks
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.conf import ENVIRONMENT_NAMES, get_settings
from oscar_mpesa.setup_check.findings import Finding, Level, make_finding

TAG = "oscar_mpesa"

#: Findings to add if none of these checks reports anything.
OK_UNLESS = {"cache-ok": {"W007", "E014"}, "mail-ok": {"W008", "W009"}}

#: A shop without any of these is in test mode.
CREDENTIALS = {"CONSUMER_KEY", "CONSUMER_SECRET", "SHORTCODE", "PASSKEY", "CALLBACK_URL"}

#: A shop sets one of the two; a check warns if both are empty.
EITHER = {"SHORTCODE_TYPE", "TILL_NUMBER"}

#: An error for ``check --deploy``, but only a warning here: a demo takes no real money.
TEST_ENVIRONMENT = "E010"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting: the name that a shop writes and its value. For a secret, only whether it is set."""

    name: str
    value: str
    is_set: bool


def settings_findings() -> list[Finding]:
    """Return the messages of our system checks, deployment checks included, without silenced ones."""
    messages = [each for each in run_checks(tags=[TAG], include_deployment_checks=True) if not each.is_silenced()]
    ours = [message for message in messages if str(message.id).startswith(f"{TAG}.")]
    # Django keeps its checks in a set, so their order is not stable. An error is also there as a warning.
    by_id = {_id(message): message for message in sorted(ours, key=lambda message: (_id(message), message.level))}
    findings = [_as_finding(id_, message) for id_, message in by_id.items()]
    passed = [make_finding(name) for name, ids in OK_UNLESS.items() if not ids & set(by_id)]
    not_settings = set().union(*OK_UNLESS.values()) | {TEST_ENVIRONMENT}
    name = "settings-simulated" if get_settings().is_simulated else "settings-ok"
    return [*findings, *([] if set(by_id) - not_settings else [make_finding(name)]), *passed]


def setting_rows() -> list[SettingRow]:
    """Return every setting with the value in force."""
    ours = get_settings()
    rows = [_row(setting.name, getattr(ours, setting.name), is_secret=not setting.repr) for setting in fields(ours)]
    explained = {"MPESA_ENVIRONMENT": _explain_environment, "MPESA_TEST_MODE": _explain_test_mode}
    return [replace(row, value=explained[row.name](row)) if row.name in explained else row for row in rows]


def _id(message: CheckMessage) -> str:
    return str(message.id).removeprefix(f"{TAG}.")


def _as_finding(id_: str, message: CheckMessage) -> Finding:
    is_error = message.level >= ERROR and id_ != TEST_ENVIRONMENT
    meaning = _("M-PESA is not offered until this is fixed.") if id_ in get_settings().faults else ""
    return Finding(
        name=id_,
        level=Level.ERROR if is_error else Level.WARNING,
        sentence=str(message.msg),
        meaning=meaning,
        remedy=_("Take the steps of the set-up page one by one: production comes after the try.")
        if id_ == TEST_ENVIRONMENT
        else str(message.hint or ""),
    )


def _row(name: str, value: Any, *, is_secret: bool) -> SettingRow:
    is_set = value not in ("", ())
    full_name = f"MPESA_{name}" if name in ENVIRONMENT_NAMES else name
    text = pgettext("label", "set") if is_secret else _text(value)
    return SettingRow(name=full_name, value=text if is_set else _text_if_unset(name), is_set=is_set)


def _text_if_unset(name: str) -> str:
    """Return whether the setting is missing or optional."""
    if name in CREDENTIALS and not get_settings().is_simulated:
        return pgettext("label", "missing")
    return pgettext("label", "not set") if name in CREDENTIALS | EITHER else _("not set; optional")


def _explain_environment(environment: SettingRow) -> str:
    if not get_settings().is_simulated:
        return environment.value
    return _("%(value)s, once Safaricom's keys are set; the simulator until then") % {"value": environment.value}


def _explain_test_mode(test_mode: SettingRow) -> str:
    ours = get_settings()
    if ours.TEST_MODE or not (ours.is_test and ours.may_test):
        return test_mode.value
    return _("%(value)s; tests are allowed all the same, because DEBUG is on") % {"value": test_mode.value}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return pgettext("label", "yes") if value else pgettext("label", "no")
    if isinstance(value, tuple):
        return ", ".join(str(each[0] if isinstance(each, tuple) else each) for each in value)
    return f"{value.__module__}.{value.__qualname__}" if callable(value) else str(getattr(value, "value", value))
