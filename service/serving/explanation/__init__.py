"""Explanation of leads: evidence, reasons and their sentences."""
