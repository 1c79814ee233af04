"""Marquee on AWS: a CDK app of two stacks, and the image they run. Imports nothing of the service."""
