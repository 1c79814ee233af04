"""Load a bundle into OpenSearch step by step: documents, bulk, probes, and pruning of older indexes."""
