"""Search engines: BM25 and kNN over one bundle."""
