"""The quality gate: a fixed evaluation of the sample catalogue that fails if quality fell by more than its noise."""
