"""The relational store: accounts, persons, insights and everything else that is not an event."""

from . import saved_tables as _saved_tables  # noqa: F401 - so that whoever knows the metadata knows all tables
