"""The steps of one request, in the order of the pipeline: taste, plan, retrieval, ranker, diversity, reasons."""
