"""What a deployment on AWS costs in a month, from its settings, the load and a dated list of prices."""
