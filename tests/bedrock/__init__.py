"""A fake Bedrock on loopback that checks requests as strictly as the real one and fails on demand."""
