"""The committed OpenAPI document, and the check for changes that break clients."""
