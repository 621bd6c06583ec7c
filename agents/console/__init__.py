"""The console: pages for people, served beside the ledger. Start with pages.py and app.py."""
