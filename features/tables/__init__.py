"""The tables that there are: their columns, headers and schemas."""
