"""The HTTP door: `capi collect`. Start with server.py (what is served) and events.py (one request)."""
