"""blocked_phones"""
