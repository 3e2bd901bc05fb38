"""Opening a file, and finding the table and its headers in it."""
