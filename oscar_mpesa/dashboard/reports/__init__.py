"""M-PESA among Oscar's reports."""
