"""payment_page"""
