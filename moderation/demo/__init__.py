"""The articles and contributions of the demonstration site."""
