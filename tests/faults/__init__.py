"""Fault tests: a known plan of events is fed while processes are killed and stopped; then everything is counted.

plan.py      what is fed, from a seed             broker.py    a Kafka broker of our own, killed and back
feeder.py    sends it, knows what was accepted    site.py      topics, queues, shops, platforms, roles
faults.py    what goes wrong and when             trial.py     feed, hurt, wait, judge
roles.py     the processes under test             verdict.py   lost, duplicated, unexpected, not enriched
collect.py   what came out                        arena.py     all of it from one seed

By hand: `python -m tests.faults --faults 12 --events 4000 --seed 7`. The same seed plans the same events and
faults; FAULTS_SEED does that for pytest. A new kind of fault is a Kind in faults.py and its strike.

Delivery alone, with RabbitMQ hurt too: `python -m tests.faults.deliver_run --only "memory alarm"`.

deliver_jobs.py      what is fed                  rabbit.py            a RabbitMQ node of our own
deliver_platform.py  the stand-in, watched        deliver_site.py      workers, queues, the wire between
deliver_faults.py    what goes wrong, by name     deliver_kills.py     killed and frozen workers
deliver_trial.py     feed, hurt, drain, look
deliver_verdict.py   lost, duplicated beyond what was in flight, astray, miscounted
deliver_table.py     the verdicts
"""
