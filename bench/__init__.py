"""What `make bench` measures, and the figures of docs/performance.md."""
