"""Pipeline stages, in order: taste, plan, retrieval, ranker, diversity, reasons."""
