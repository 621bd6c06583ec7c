"""Jobs that were given up: looking at them where they lie, sending them again, dropping them."""
