"""Text encoding by Amazon Bedrock: model formats, the call, query encoding, and bulk film encoding."""
