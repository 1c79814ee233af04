"""Scripts and modules to deploy, release, roll back and repair a deployment."""
