"""The edge: application, routes, schemas, errors, middleware, auth."""
