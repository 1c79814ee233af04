"""Code in the model's archive. Here it is a package; in the archive the files are in one folder and import each other
by name.
"""
