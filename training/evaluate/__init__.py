"""Figures of a trained model: what the cluster's pictures of held-out prompts show, by an independent recogniser."""
