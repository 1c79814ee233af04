"""One construct per concern; the app stack combines them."""
