"""Random models in the published layout, and what the published classes compute with them."""
