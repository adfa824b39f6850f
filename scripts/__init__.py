"""The Python of the scripts; training/evaluate starts its clusters with lib/local_cluster.py too."""
