"""The panel: tastes, queries and films for /similar, with what a film lover expects of the first ten results."""
