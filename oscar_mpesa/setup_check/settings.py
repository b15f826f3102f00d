"""What the settings say: the system checks' own sentences as findings, and what is set."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from django.core.checks import ERROR, CheckMessage, run_checks
from django.utils.translation import gettext as _

from oscar_mpesa.conf import ENVIRONMENT_NAMES, get_settings
from oscar_mpesa.setup_check.findings import Finding, Level, found

TAG = "oscar_mpesa"

#: Of the checks, those whose absence is worth a line of its own.
WELL = {"cache-ok": {"W007", "E014"}, "mail-ok": {"W008", "W009"}}

#: Without all of these a shop is in test mode.
CREDENTIALS = {"CONSUMER_KEY", "CONSUMER_SECRET", "SHORTCODE", "PASSKEY", "CALLBACK_URL"}

#: A shop has the one or the other; a check says so where it has neither.
EITHER = {"SHORTCODE_TYPE", "TILL_NUMBER"}

#: An error for ``check --deploy``, yet lawful: a demo takes no real money.
LAWFUL = "E010"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting by the name that a shop writes, and its value; of a secret only whether it is there."""

    name: str
    value: str
    is_set: bool


def settings_findings() -> list[Finding]:
    """Every system check of ours that has something to say, those for a deployment included; silenced ones are not."""
    messages = [each for each in run_checks(tags=[TAG], include_deployment_checks=True) if not each.is_silenced()]
    # Django keeps its checks in a set, so their order is no order.
    told = {_id(message): message for message in sorted(messages, key=_id) if str(message.id).startswith(f"{TAG}.")}
    findings = [_as_finding(id_, message) for id_, message in told.items()]
    well = [found(name) for name, ids in WELL.items() if not ids & set(told)]
    about_surroundings = set().union(*WELL.values()) | {LAWFUL}
    fit = "settings-simulated" if get_settings().is_simulated else "settings-ok"
    return [*findings, *([] if set(told) - about_surroundings else [found(fit)]), *well]


def setting_rows() -> list[SettingRow]:
    """Every setting of M-Pesa's, as it is in force."""
    ours = get_settings()
    shown = [_shown(setting.name, getattr(ours, setting.name), is_secret=not setting.repr) for setting in fields(ours)]
    explained = {"MPESA_ENVIRONMENT": _unused, "MPESA_TEST_MODE": _needless}
    return [replace(each, value=explained[each.name](each)) if each.name in explained else each for each in shown]


def _id(message: CheckMessage) -> str:
    return str(message.id).removeprefix(f"{TAG}.")


def _as_finding(id_: str, message: CheckMessage) -> Finding:
    is_error = message.level >= ERROR and id_ != LAWFUL
    meaning = _("M-PESA is not offered until this is mended.") if id_ in get_settings().faults else ""
    return Finding(
        name=id_,
        level=Level.ERROR if is_error else Level.WARNING,
        sentence=str(message.msg),
        meaning=meaning,
        remedy=_("Take the steps of the set-up page one by one: production comes after the try.")
        if id_ == LAWFUL
        else _hint(message),
    )


def _hint(message: CheckMessage) -> str:
    return str(message.hint or "")


def _shown(name: str, value: Any, *, is_secret: bool) -> SettingRow:
    is_set = value not in ("", ())
    written = f"MPESA_{name}" if name in ENVIRONMENT_NAMES else name
    told = _("set") if is_secret else _in_words(value)
    return SettingRow(name=written, value=told if is_set else _absent(name), is_set=is_set)


def _absent(name: str) -> str:
    """Whether somebody has to mind that it is not there."""
    if name in CREDENTIALS and not get_settings().is_simulated:
        return _("missing")
    return _("not set") if name in CREDENTIALS | EITHER else _("not set; optional")


def _unused(environment: SettingRow) -> str:
    if not get_settings().is_simulated:
        return environment.value
    return _("%(value)s, once Safaricom's keys are set; the simulator until then") % {"value": environment.value}


def _needless(test_mode: SettingRow) -> str:
    ours = get_settings()
    if ours.TEST_MODE or not (ours.is_test and ours.may_test):
        return test_mode.value
    return _("%(value)s; tests are allowed all the same, because DEBUG is on") % {"value": test_mode.value}


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return ", ".join(str(each[0] if isinstance(each, tuple) else each) for each in value)
    return f"{value.__module__}.{value.__qualname__}" if callable(value) else str(getattr(value, "value", value))
