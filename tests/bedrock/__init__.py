"""A Bedrock on loopback that is as strict as the real one about what it is sent, and as bad as it is told to be."""
