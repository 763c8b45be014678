"""The relational store: accounts, persons, insights and everything else that is not an event."""
