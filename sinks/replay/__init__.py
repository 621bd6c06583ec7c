"""Sending again what was never acknowledged, from the batches that Kafka still has."""
