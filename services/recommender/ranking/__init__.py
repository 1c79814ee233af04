"""In which order: the score, diversity, and several interests on one page."""
