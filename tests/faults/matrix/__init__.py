"""The fault matrix: every fault alone, many times, against a whole site that lives on from run to run.

By hand: `python -m tests.faults.matrix --case "kill *" --runs 1 --events 600 --seed 7`, or `make faults`.

case.py      what a case is            arena.py     the whole site, its services and wires
cases_*.py   the cases, by group       kafka.py     Kafka nodes of the matrix's own
run.py       one run, one verdict      services.py  Kafka, RabbitMQ, Redis of one arena
"""
