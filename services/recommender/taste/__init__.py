"""What a person likes: their events and given films as weights, traits, coherence, and whether it is a child."""
