"""Comments that wait for a moderator before anyone reads them."""
