"""How fast the program is, against baselines measured in the same run. See README.md."""
