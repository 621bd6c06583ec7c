"""Fault tests: what is known is fed while processes are killed, frozen and cut off; then everything is counted.

matrix/      every fault alone, many times, against a whole site: `python -m tests.faults.matrix`, `make faults`

plan.py      what is fed, from a seed             private.py   a service of our own, killed and back
feeder.py    sends it, knows what was accepted    broker.py, rabbit.py, redis.py, rabbit_cluster.py
faults.py    many faults in one run, and when     roles.py     the processes under test
verdict.py   lost, duplicated, unexpected, …      story.py     who must be known on which event

Delivery alone, with RabbitMQ hurt too: `python -m tests.faults.deliver_run --only "memory alarm"`.

deliver_jobs.py      what is fed                  deliver_site.py      workers, queues, the wire between
deliver_platform.py  the stand-in, watched        deliver_kills.py     killed and frozen workers
deliver_faults.py    what goes wrong, by name     deliver_trial.py     feed, hurt, drain, look
deliver_table.py     the verdicts                 deliver_verdict.py   beyond what was in flight, astray, …
"""
