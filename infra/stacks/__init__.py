"""The stacks: one with everything, and a small one in us-east-1 for what CloudFront accepts only from there."""
