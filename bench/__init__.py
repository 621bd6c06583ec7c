"""How fast it is, next to what else could do the same: `make bench`, docs/performance.md."""
