"""A trial of self-attention over a person's newest likes, as one more term of the whole pipeline's score.

``model``: the model and its training, with PyTorch, which only this module imports. ``forward``: its forward pass in
numpy. ``term``: the trial, a part of an evaluation. ``outcome``: the gains that it reports.
"""
