"""Parsing the values of a table: amounts, dates, products, ids, the status of an enterprise."""
