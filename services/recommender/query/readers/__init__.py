"""One module for each kind of condition: it looks at a place in a query and takes the words it understands."""
