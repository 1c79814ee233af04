"""The offline side: read, validate, embed, train, evaluate, and write a bundle."""
