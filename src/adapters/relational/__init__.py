"""The relational store: accounts, persons, insights and everything else that is not an event."""

# So that whoever has `Row.metadata` has all tables.
from . import access_tables as access_tables
