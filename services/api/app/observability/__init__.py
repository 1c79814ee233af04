"""What is recorded of each request: log line, metrics and traces."""
