"""The relational store: accounts, persons, insights and everything else that is not an event."""

# So that whoever knows the metadata knows all tables.
from . import access_tables as access_tables
from . import saved_tables as saved_tables
