"""HTTP application: routes, schemas, errors, middleware, auth."""
