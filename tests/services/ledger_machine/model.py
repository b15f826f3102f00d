"""A model of the money of a few orders. It predicts each entry, without any code of the app."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.services.ledger_machine.sums import Claim, Entry, Order, Receipt, Refund, Sums, add_up


class Model(Sums):
    """Predict what each action makes of the entries."""

    # Facts

    def receive(self, receipt: Receipt) -> None:
        """Store new money; then an open claim of its code gives way to it."""
        self.receipts[receipt.key] = receipt
        if receipt.number is None:
            self._stand_in(receipt)
        self._confirm_claims(receipt)

    def complete(self, receipt: Receipt, number: str, paid_at: datetime) -> None:
        """Add the code of money that a query found."""
        receipt.number, receipt.paid_at = number, paid_at
        for claim in self.claims.values():
            if claim.names is receipt and claim.is_open:
                claim.names = None  # the claim may have another code
        self._confirm_claims(receipt)

    def _stand_in(self, receipt: Receipt) -> None:
        """Let money without a code take the place of the only open claim of its amount."""
        claims = [claim for claim in self.claims.values() if claim.is_open and claim.order == receipt.order]
        same = [claim for claim in claims if claim.names is None and claim.amount == receipt.amount]
        if len(same) == 1:
            self._hand_over(same[0], receipt)
            same[0].names = receipt

    def _confirm_claims(self, receipt: Receipt) -> None:
        named = [claim for claim in self.claims.values() if claim.is_open and claim.number == receipt.number]
        for claim in named:
            counted = add_up(entry.amount for entry in self.entries_of(claim))
            is_same = (claim.order, claim.amount) == (receipt.order, receipt.amount)
            if is_same and counted <= self.left(receipt):
                self._hand_over(claim, receipt)
            else:
                self._drop(self.entries_of(claim))
            claim.is_open, claim.names = False, receipt if claim.order == receipt.order else None
        # The money's order comes first; a claim for another order is ended after that commit.
        self.settle([receipt.order])
        self.settle([claim.order for claim in named])

    def _hand_over(self, claim: Claim, receipt: Receipt) -> None:
        for entry in self.entries_of(claim):
            entry.money = receipt

    # Decisions

    def record_claim(self, claim: Claim) -> None:
        self.claims[claim.key] = claim
        order = self.orders[claim.order]
        claim.names = self._money_without_code(claim)
        amount = min(claim.amount, self.balance(order))
        if claim.names is None and amount >= 1:
            order.closed = ""
            self.entries.append(Entry(money=claim, order=order.key, amount=amount))
        self.settle([order.key])

    def _money_without_code(self, claim: Claim) -> Receipt | None:
        named = [each.names for each in self.claims.values() if each.is_open]
        for key in sorted(self.receipts):
            money = self.receipts[key]
            concerns = money.order == claim.order or claim.order in {entry.order for entry in self.entries_of(money)}
            if concerns and money.number is None and money.amount == claim.amount and money not in named:
                return money
        return None

    def withdraw(self, claim: Claim) -> None:
        claim.is_open, claim.names = False, None
        self._drop(self.entries_of(claim))
        self.settle([claim.order])

    def match(self, receipt: Receipt, order: Order, amount: Decimal) -> None:
        self._match(receipt, order, amount, [*self._orders_of(receipt), order.key])

    def move(self, entry: Entry, order: Order, amount: Decimal) -> None:
        """Take all that is free of an entry, and give this much of it to another order."""
        receipt = entry.money
        assert isinstance(receipt, Receipt)
        concerned = [*self._orders_of(receipt), order.key]
        if entry.order is not None:
            receipt.unmatched_from.add(entry.order)
        self._drop([entry])
        self._match(receipt, order, amount, concerned)

    def _match(self, receipt: Receipt, order: Order, amount: Decimal, concerned: list[int]) -> None:
        order.closed = ""
        self.entries.append(Entry(money=receipt, order=order.key, amount=amount))
        receipt.matched_to.add(order.key)
        counted = {claim.key: self.left_of_claim(claim) for claim in self.claims.values()}
        self.settle(concerned)
        for claim in self.claims.values():
            claim.is_displaced |= self.left_of_claim(claim) > counted[claim.key]

    def unmatch(self, entry: Entry) -> None:
        receipt = entry.money
        assert isinstance(receipt, Receipt)
        concerned = self._orders_of(receipt)
        if entry.order is not None:
            receipt.unmatched_from.add(entry.order)
        self._drop([entry])
        self.settle(concerned)

    def resolve(self, receipt: Receipt) -> None:
        self.entries.append(Entry(money=receipt, order=None, amount=self.left(receipt)))
        self.settle(self._orders_of(receipt))

    def refund_parts(self, receipt: Receipt, amount: Decimal) -> list[tuple[Entry | None, Decimal]]:
        """Return what a refund takes: unallocated money first, then entries, newest first."""
        free = [(entry, self.free(entry)) for entry in reversed(self.entries_of(receipt))]
        parts: list[tuple[Entry | None, Decimal]] = []
        for entry, available in [(None, max(self.left(receipt), Decimal(0))), *free]:
            part = min(amount, available)
            if part > 0:
                parts.append((entry, part))
                amount -= part
        return parts

    def change_refunds(self, refunds: list[Refund]) -> None:
        """Settle the orders that the receipt of these refunds concerns."""
        self.settle(self._orders_of(refunds[0].receipt))

    def close(self, order: Order, reason: str) -> None:
        order.closed = reason
        self._drop(self.counted_for(order))
        self.settle([order.key])

    # Reassessment

    def settle(self, keys: list[int]) -> None:
        """Reassess the first order, the others, and then those for which their changes left money."""
        waiting = [*keys[:1], *sorted(set(keys[1:]) - set(keys[:1]))]
        while waiting:
            before = {receipt.key: self.left(receipt) for receipt in self.receipts.values()}
            settled = waiting
            for key in settled:
                self.reassess(self.orders[key])
            changed = [receipt for receipt in self.receipts.values() if self.left(receipt) > before[receipt.key]]
            waiting = sorted({receipt.order for receipt in changed} - set(settled))

    def change_total(self, order: Order, total: Decimal) -> None:
        """Change what an order costs. Then it may also use the rest of money that a person matched in part."""
        order.total, order.has_new_total = total, order.total != total
        self.settle([order.key])
        order.has_new_total = False

    def reassess(self, order: Order) -> None:
        """Shrink proven money, newest first; use what waits, an exact fit first, then the oldest; shrink claims."""
        proven = self.counted_for(order, proven=True)
        self._fit(proven, self.worth(proven) - self.countable(order))
        self._use_waiting(order)
        claimed = self.counted_for(order, proven=False)
        self._fit(claimed, self.worth(self.counted_for(order)) - self.countable(order))
        self._count_claims(order)
        if order.is_canceled and order.has_payments and not order.closed:
            order.closed = "staff"

    def _count_claims(self, order: Order) -> None:
        """Count claims again, oldest first, unless they may be for money that has no claim of its own."""
        named = [claim.names for claim in self.claims.values()]
        known = {money.amount for money in self.receipts_of(order) if money not in named}
        for key in sorted(self.claims):
            claim = self.claims[key]
            amount = min(self.left_of_claim(claim), self.balance(order))
            is_usable = claim.is_open and claim.order == order.key and claim.names is None and not claim.is_displaced
            if is_usable and not order.closed and amount >= 1 and claim.amount not in known:
                self.entries.append(Entry(money=claim, order=order.key, amount=amount))

    def receipts_of(self, order: Order) -> list[Receipt]:
        used = [entry.money for entry in self.counted_for(order)]
        return [money for money in self.receipts.values() if money.order == order.key or money in used]

    def left_of_claim(self, claim: Claim) -> Decimal:
        return claim.amount - add_up(entry.amount for entry in self.entries_of(claim))

    def may_use(self, receipt: Receipt, order: Order) -> bool:
        """Return whether money may be used for an order by itself."""
        is_right = receipt.amount == receipt.asked or order.key in receipt.matched_to
        is_open = order.closed in {"", "expired", "unconfirmed"} and not order.is_canceled
        if order.key in receipt.matched_to and not order.has_new_total:
            return False
        return is_right and is_open and receipt.order == order.key and order.key not in receipt.unmatched_from

    def _use_waiting(self, order: Order) -> None:
        need = self.missing_proof(order)
        usable = [each for each in self.receipts.values() if self.left(each) > 0 and self.may_use(each, order)]
        if need < 1 or (order.closed and need - add_up(self.left(each) for each in usable) >= 1):
            return
        if usable:
            order.closed = ""
        usable.sort(key=lambda each: (self.left(each) != need, each.paid_at, each.key))
        for receipt in usable:
            if need >= 1:
                amount = self.left(receipt) if self.left(receipt) - need < 1 else need
                self.entries.append(Entry(money=receipt, order=order.key, amount=amount))
                need -= amount

    def _fit(self, entries: list[Entry], excess: Decimal) -> None:
        for entry in reversed(entries):
            cut = min(excess, self.free(entry))
            if excess >= 1 and cut > 0:
                self._cut(entry, cut)
                excess -= cut

    def _drop(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._cut(entry, self.free(entry))

    def _cut(self, entry: Entry, cut: Decimal) -> None:
        """Lower an entry. What is left is a new entry, so it is the newest."""
        if cut > 0:
            self.entries.remove(entry)
            entry.amount -= cut
            if entry.amount:
                self.entries.append(entry)

    def _orders_of(self, receipt: Receipt) -> list[int]:
        counted = [entry.order for entry in self.entries_of(receipt) if entry.order is not None]
        return [receipt.order, *counted]
