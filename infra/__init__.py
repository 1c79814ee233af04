"""Marquee on AWS: a CDK app of two stacks, and the image they run. It imports nothing of the service."""
