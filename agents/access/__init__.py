"""Who may do what: users, the passes by which roles speak for them, and who sent a request."""
