"""Roles that end themselves with kill -9 at a given step.

`python -m tests.faults.matrix.dying POINT CALLS MARK MODULE …`
The product has no hook for it: what a point wraps is replaced here, in the process that is to die, before `MODULE`
(`faust.__main__`, `agents.cli`) runs with the rest of the line. `MARK` is a file, written in the last moment.

death.py        the end, and the register of points    in_delivery.py  dispatch and deliver
in_runs.py      ingest, sessions, visitors, ledger      in_doors.py     collect and intake
"""
