"""Text to vectors by Amazon Bedrock: what the models take and give, the call, queries, and films by the thousand."""
