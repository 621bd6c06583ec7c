"""The Redis door: `capi intake`. Start with worker.py (what it does) and queue.py (what it asks of Redis)."""
