"""Figures of the shop: results of payments, money taken and open items. Changes nothing."""
