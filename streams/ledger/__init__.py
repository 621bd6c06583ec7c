"""What became of each event: the rules of the ledger, the questions that it answers, and its answers. Pure."""
