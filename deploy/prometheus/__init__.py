"""Prometheus: what is scraped, alerts, and the same alerts for its operator."""
