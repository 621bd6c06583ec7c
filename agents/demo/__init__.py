"""`capi demo`: real visitor histories through the whole pipeline, counted at both ends."""
