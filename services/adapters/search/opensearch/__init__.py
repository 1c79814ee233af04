"""Search by OpenSearch: one index per bundle, one ``_msearch`` per request."""
