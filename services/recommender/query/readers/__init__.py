"""Query readers, one module per kind of condition: each consumes the words it recognises at a position."""
