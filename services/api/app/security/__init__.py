"""Who may call: API keys, the origin header, host names, quotas, and the origins of browsers."""
