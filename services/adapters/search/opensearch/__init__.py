"""Search by OpenSearch: an index a bundle, asked by one ``_msearch`` a request."""
