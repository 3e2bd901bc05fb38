"""Importing a table: derived columns, matching with what is stored, checks, and the report."""
