"""The event store: events, and the slim copy of persons that filters and breakdowns need."""
