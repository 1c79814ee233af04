"""What travels in the archive of the model. Here it is a package, there the files stand side by side."""
