"""Describe an order's payment for people: the page's state, sentences, times and amounts. Changes no payments."""
