"""What each topic that holds several kinds of records may hold: the inputs of the three roles with state."""

from __future__ import annotations

import msgspec

from streams.events.command import Erase, Flush, Forget, Tick
from streams.events.event import Event
from streams.events.told import Noted, Queued
from streams.events.visit import Recalled, Visit

Command = Flush | Forget
SessionInput = Event | Tick | Recalled | Erase | Command
VisitorInput = Visit | Tick | Erase
LedgerInput = Queued | Noted | Tick | Erase

decode_input = msgspec.json.Decoder(SessionInput).decode
decode_visitor_input = msgspec.json.Decoder(VisitorInput).decode
decode_ledger_input = msgspec.json.Decoder(LedgerInput).decode
