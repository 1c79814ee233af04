"""Compare two bundles or two sets of weights for the same people: which lists change, how, and for the better?"""
