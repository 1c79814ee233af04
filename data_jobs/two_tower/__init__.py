"""The two-tower model: trained with PyTorch (group ``train``), served by numpy or by an endpoint."""
