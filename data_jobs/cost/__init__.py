"""Estimate the monthly cost of a deployment on AWS from its settings, the load and a dated price list."""
