"""Servers are killed at random points under traffic; afterwards everything acknowledged must be there, once.

`python -m tests.chaos --rounds 500` (`make chaos`). The suite runs a short version in `tests/e2e/test_chaos.py`.
"""
