"""Migrations of the database, run by Alembic when the database is first used."""
