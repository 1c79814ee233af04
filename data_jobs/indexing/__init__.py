"""Loading a bundle into OpenSearch, step by step: documents, bulk, probes, and which older indexes may go."""
