"""``manage.py mpesa_uninstall``: say what removing the app means, or prepare the removal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from oscar_mpesa.management import export_folder, removal_text
from oscar_mpesa.reports.money_export import export_files
from oscar_mpesa.reports.removal import open_items
from oscar_mpesa.services import background_thread, removal
from oscar_mpesa.services.order_closure import CloseRefused
from oscar_mpesa.services.reconciliation import process_prompt_rounds

#: Seconds to wait for emails that a thread of this process is sending.
DELIVERY_WAIT = 60.0


class Command(BaseCommand):
    """Print what happens; with ``--apply``, close unpaid orders and allow ``migrate`` to drop the tables."""

    help = (
        "Says what removing M-PESA from the shop means, and changes nothing. With --apply, closes the orders that wait "
        "for a payment, and allows 'migrate oscar_mpesa zero'. With --export, writes the money into CSV files."
    )
    requires_system_checks = ()  # a shop may leave because its settings no longer work

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--apply``, ``--export`` and ``--despite-open-items``."""
        parser.add_argument("--apply", action="store_true", help="do it; without it, nothing in the shop is changed")
        parser.add_argument("--export", type=Path, metavar="DIR", help="write CSV files into this new or empty folder")
        parser.add_argument(
            "--despite-open-items", action="store_true", help="do it although money, prompts or emails are open"
        )

    def handle(self, *args: Any, apply: bool, export: Path | None, despite_open_items: bool, **options: Any) -> None:
        """Print or do it; raise ``CommandError`` if something is open, or the export can't be written."""
        if apply and export is None and removal.has_real_money():
            raise CommandError("The tables hold real money. Name a folder for its files: --export DIR")
        if apply:
            _require_nothing_open(despite_open_items)
        _prepare(export)
        if apply:
            self._close_orders()
            exported_at = timezone.now()
            _require_nothing_open(despite_open_items)
            self._export(export)
            removal.record_removal(exported_at=exported_at)
            self._print_rest(is_closing=False)
        else:
            self._print_plan()
            self._print_rest(is_closing=removal.unpaid_orders().exists())
            self._export(export)
            self.stdout.write("\nNothing in the shop was changed. To do it: mpesa_uninstall --apply --export DIR")

    def _print_plan(self) -> None:
        self.stdout.write(
            f"Orders that wait for a payment: {removal.unpaid_orders().count()}. They will be closed: their stock, "
            "vouchers and offers are released, and their customers get an email."
        )
        self._print_list("Not ready, so --apply refuses:", removal_text.open_sentences(open_items(timezone.now())))

    def _print_rest(self, *, is_closing: bool) -> None:
        self.stdout.write(f"\n{removal_text.KEPT}")
        lines = removal_text.pipeline_lines(is_closing=is_closing)
        self._print_list("Orders keep statuses that only the app added. Add to your settings:", lines)
        self.stdout.write(f"\n{removal_text.LATE}\n\n{removal_text.rest()}")

    def _print_list(self, title: str, lines: Iterable[str]) -> None:
        text = "\n  ".join([f"\n{title}", *lines])
        if lines:
            self.stdout.write(text)

    def _close_orders(self) -> None:
        """Close what waits for a payment, and deliver the emails about that."""
        for mpesa_order in removal.unpaid_orders():
            try:
                removal.close_unpaid_order(mpesa_order, now=timezone.now())
                result = "closed"
            except CloseRefused as refusal:
                result = f"left open. {refusal.sentence}"
            self.stdout.write(f"Order {mpesa_order.order.number}: {result}")
        for _step in process_prompt_rounds(timezone.now):
            pass
        background_thread.join(DELIVERY_WAIT)

    def _export(self, folder: Path | None) -> None:
        if folder is None:
            return
        with translation.override(settings.LANGUAGE_CODE):
            try:
                written = export_folder.write(folder, export_files())
            except OSError as error:
                raise CommandError(f"The export failed: {error}. Nothing was kept of it.") from error
        self._print_list("Exported, with full phone numbers:", [str(path) for path in written])


def _prepare(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        export_folder.prepare(folder)
    except OSError as error:
        raise CommandError(f"Choose another folder for the export: {error}") from error


def _require_nothing_open(is_accepted: bool) -> None:
    """Raise ``CommandError`` with all that is open, unless that is accepted."""
    sentences = removal_text.open_sentences(open_items(timezone.now()))
    if sentences and not is_accepted:
        lines = "\n  ".join(["M-PESA can't be removed yet:", *sentences])
        raise CommandError(f"{lines}\nTo do it all the same: --despite-open-items")
