"""Steady load on a whole site: do memory, open files, threads and sockets of each role stay flat?

`python -m tests.faults.soak --minutes 30 --rate 200`, or `make soak`.

sampling.py   what a process has now      growth.py   how fast that grows, and what of it is by design. Pure
"""
