"""From the work queues to the platforms: batch, POST, then ack, retry by the ladder, or park."""
