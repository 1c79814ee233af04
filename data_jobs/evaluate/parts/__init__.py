"""The parts of an evaluation: one module per option, whose ``part(job)`` measures; see ``registry``."""
