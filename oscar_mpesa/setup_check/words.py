"""The texts of all findings that are not system checks: level, sentence, meaning and remedy.

Each warning and error is also listed in docs/set-up.md and has a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oscar_mpesa.domain.i18n import _

_NOBODY_CAN_PAY = _("Nobody can pay by M-PESA.")
_CALLBACKS_ARE_LOST = _(
    "Safaricom's callbacks do not arrive. Payments settle late, after a status check, and "
    "their M-PESA codes are missing."
)

WORDS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "settings-ok": ("ok", _("The settings are there and fit together."), "", ""),
        "settings-simulated": ("ok", _("Test mode: Safaricom's keys are not set, and no real money moves."), "", ""),
        "cache-ok": ("ok", _("The workers share a cache, and with it one Safaricom token."), "", ""),
        "mail-ok": ("ok", _("Emails are sent from an address of the shop's own."), "", ""),
        "cron-ok": ("ok", _("mpesa_reconcile ran at {time}."), "", ""),
        "receivers-ok": ("ok", _("None of the shop's own code listens to orders before they are paid."), "", ""),
        "simulated": (
            "ok",
            _("Test mode: the simulator answers in Safaricom's place, so there is nobody to ask."),
            "",
            "",
        ),
        "token-ok": ("ok", _("Safaricom takes the consumer key and secret, and gave a token."), "", ""),
        "shortcode-ok": (
            "ok",
            _("Safaricom knows the short code {shortcode} and takes its passkey."),
            _(
                "It was asked about a payment that does not exist, and said so. Whether {shortcode} is a "
                "paybill or a store number is known only after the first payment."
            ),
            "",
        ),
        "clock-ok": ("ok", _("This server's clock agrees with Safaricom's."), "", ""),
        "callback-ok": (
            "ok",
            _("A test message to the callback address came through."),
            _("This server sent it. Whether Safaricom's servers are let in too is known after the first payment."),
            "",
        ),
        "cron-never": (
            "warning",
            _("mpesa_reconcile has never run here."),
            _("Lost payments are not found, and the stock of unpaid orders is not released."),
            _("Run manage.py mpesa_reconcile every minute, by cron, systemd or Celery beat."),
        ),
        "cron-late": (
            "warning",
            _("mpesa_reconcile ran last on {day} at {time}."),
            _("Since then lost payments were not found, and the stock of unpaid orders was not released."),
            _("Look at cron, systemd or Celery beat: it should run every minute."),
        ),
        "placed-receivers": (
            "warning",
            _("This code listens to orders before they are paid: {names}."),
            _("With M-PESA an order is placed first and paid later. What packs or ships on order_placed ships unpaid."),
            _("Let it listen to oscar_mpesa.signals.order_paid, or look at the order's status first."),
        ),
        "swapped": (
            "error",
            _("Till and paybill are probably mixed up: on {day} at {time} Safaricom answered {code}."),
            _NOBODY_CAN_PAY,
            _(
                "A paybill: MPESA_SHORTCODE is the paybill, MPESA_SHORTCODE_TYPE=paybill, no till number. A till: "
                "MPESA_TILL_NUMBER is the till, MPESA_SHORTCODE its store number."
            ),
        ),
        "not-checked": (
            "warning",
            _("Safaricom was not asked."),
            _("With settings that contradict each other nothing is sent."),
            _("Fix the errors above first."),
        ),
        "token-refused": (
            "error",
            _("Safaricom refuses the consumer key and secret."),
            _NOBODY_CAN_PAY,
            _(
                "Copy both again from your app on Safaricom's developer portal. Keys of the sandbox do not work in "
                "production, nor the other way round; MPESA_ENVIRONMENT is {environment}."
            ),
        ),
        "token-replaced": (
            "error",
            _("Safaricom gave a token and refused it at once."),
            _("Another program uses the same consumer key: each new token ends the one before."),
            _("Give each program an app of its own on the developer portal, and let all workers share a cache."),
        ),
        "product-missing": (
            "error",
            _("Your app at Safaricom is not allowed to send M-PESA Express requests (STK push)."),
            _NOBODY_CAN_PAY,
            _("Add the product M-PESA Express to the app on the developer portal, or ask Safaricom to."),
        ),
        "shortcode-refused": (
            "error",
            _("Safaricom does not know the short code {shortcode}."),
            _NOBODY_CAN_PAY,
            _(
                "A paybill: MPESA_SHORTCODE is its number. A till: MPESA_SHORTCODE is its store number. "
                "It must belong to the same environment as the keys: {environment}."
            ),
        ),
        "passkey-refused": (
            "error",
            _("The passkey does not belong to the short code {shortcode}."),
            _NOBODY_CAN_PAY,
            _("Copy MPESA_PASSKEY again from the email that Safaricom sent for this short code when you went live."),
        ),
        "setup-refused": (
            "error",
            _("Safaricom refuses the request: {details}."),
            _NOBODY_CAN_PAY,
            _("Look at the setting that it names; ask Safaricom's support if it names none."),
        ),
        "shortcode-unknown": (
            "warning",
            _("Whether the short code and the passkey are right could not be found out."),
            _("Safaricom's answer says neither yes nor no. It cannot be known before the first prompt to a phone."),
            _("Set MPESA_AVAILABLE_TO=staff, buy something cheap yourself, and look at this page again."),
        ),
        "calls-paused": (
            "warning",
            _("Safaricom has not answered since {since}. Paused: {calls}. Next try: {next_try}."),
            _("The shop's pages stay fast. Customers are asked to send again in a minute. Paid orders are safe."),
            _("Nothing: the calls go on by themselves once Safaricom answers."),
        ),
        "safaricom-busy": (
            "warning",
            _("Safaricom is busy and did not answer."),
            "",
            _("Try again in a minute."),
        ),
        "safaricom-unreachable": (
            "error",
            _("This server cannot reach {host}."),
            _NOBODY_CAN_PAY,
            _("Allow https to it in the firewall, and look at the server's name resolution and proxy settings."),
        ),
        "safaricom-unreadable": (
            "error",
            _("What answers at {host} does not answer as Safaricom does."),
            _("A page of a proxy or of a failing gateway came back. Nobody can pay while that is so."),
            _("Try again in some minutes; if it stays, look at MPESA_BASE_URL and at proxies on the way."),
        ),
        "server-blocked": (
            "error",
            _("Safaricom's firewall blocks this server's address."),
            _NOBODY_CAN_PAY,
            _("Ask Safaricom to allow it, or send from an address that is not blocked."),
        ),
        "clock-off": (
            "error",
            _("This server's clock and Safaricom's differ by {minutes} minutes."),
            _("Requests are signed with the time, and a wrong one is refused."),
            _("Set the clock by NTP. TIME_ZONE has nothing to do with it."),
        ),
        "callback-unreachable": (
            "error",
            _("The callback address cannot be reached: {details}."),
            _CALLBACKS_ARE_LOST,
            _(
                "Open it from a phone on mobile data. If it answers there, your network only keeps this server from "
                "coming to itself; else look at the domain's DNS, the port and the firewall."
            ),
        ),
        "callback-certificate": (
            "error",
            _("The certificate of {host} is not valid."),
            _CALLBACKS_ARE_LOST,
            _("Renew it, and serve the certificates in between too."),
        ),
        "callback-slow": (
            "error",
            _("The callback address did not answer within {seconds} seconds."),
            _("Safaricom does not wait long. A shop with one worker cannot answer itself while it shows this page."),
            _("Run manage.py mpesa_check_setup, which needs no worker. If it says the same, add workers to the shop."),
        ),
        "callback-redirects": (
            "error",
            _("The callback address answers {status} and sends on to {address}."),
            _CALLBACKS_ARE_LOST,
            _("Give MPESA_CALLBACK_URL the address at the end: https, and www or not, as your web server wants it."),
        ),
        "callback-forbidden": (
            "error",
            _("The callback address answers {status}: something blocks outside access."),
            _CALLBACKS_ARE_LOST,
            _("Allow callbacks to it without login, password or address list, in the web server and the firewall."),
        ),
        "callback-missing": (
            "error",
            _("The callback address answers {status}: there is nothing at its path."),
            _CALLBACKS_ARE_LOST,
            _("Compare MPESA_CALLBACK_URL with the URLconf: it should end in /api/payments/hooks, as it is mounted."),
        ),
        "callback-broken": (
            "error",
            _("The callback address answers {status}."),
            _CALLBACKS_ARE_LOST,
            _("Look at the log of the shop and of the web server before it."),
        ),
        "callback-page": (
            "error",
            _("Something else answers at the callback address: not the shop, but a page."),
            _CALLBACKS_ARE_LOST,
            _("Look for a firewall, a parking page or a maintenance page before the shop, and let callbacks pass it."),
        ),
        "callback-elsewhere": (
            "error",
            _("A shop answers at the callback address, but it is not this one."),
            _("The message did not reach this shop's database: callbacks go to another copy of the shop."),
            _("Give MPESA_CALLBACK_URL the address of this shop, or this shop the same database."),
        ),
        "callback-inconclusive": (
            "warning",
            _("It is not known whether the test message arrived: too many unverified callbacks come to this address."),
            "",
            _("Try again in a minute. If it stays so, look at the callbacks: somebody is trying addresses."),
        ),
        "no-kes-prices": (
            "warning",
            _("No price of the shop is in Kenya shillings (KES)."),
            _("M-PESA is offered to nobody: it takes shillings only."),
            _(
                'Set OSCAR_DEFAULT_CURRENCY = "KES". Then enter the price of each stock record in shillings, and '
                "change its currency to KES: Oscar keeps the old one."
            ),
        ),
        "proxies-forged": (
            "warning",
            _("Anybody can pretend to come from any address: MPESA_TRUSTED_PROXIES is too high."),
            _("The shop believed the address that the message itself had written into X-Forwarded-For."),
            _("Count the proxies between the internet and the shop that add to X-Forwarded-For: it is {proxies} now."),
        ),
        "proxies-hidden": (
            "warning",
            _("The shop sees {address} as the address of who comes: that is a proxy of your own."),
            _("Addresses in the callbacks, and the counts of orders by address, say nothing."),
            _("Count the proxies between the internet and the shop that add to X-Forwarded-For: it is {proxies} now."),
        ),
    }
)
