"""Why a film is on the page: what its score would be without a film of the taste, in words."""
