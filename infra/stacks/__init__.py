"""The stacks: one with everything, and a small one in us-east-1 with what CloudFront takes from there only."""
