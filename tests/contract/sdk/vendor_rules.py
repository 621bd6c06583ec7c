"""25 raw inputs as shops send them, and the form that the vendor's page prescribes for each.

Page: Meta, "Customer Information Parameters", read November 2026; * marks the page's own example. None: nothing in
it may be sent. The list is ours; nobody else's score was counted on it.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    field: str
    text: str
    region: str
    form: str | None
    rule: str


RULES = (
    Rule("em", "John_Smith@gmail.com", "", "john_smith@gmail.com", "lower case *"),
    Rule("em", " first.last+tag@example.com ", "", "first.last+tag@example.com", "outer space goes, nothing else"),
    Rule("em", "not given", "", None, "no e-mail address: leave the field out"),
    Rule("em", "d41d8cd98f00b204e9800998ecf8427e", "", None, "SHA-256 only: MD5 is refused"),
    Rule("ph", "(650)555-1212", "US", "16505551212", "country code first, no symbols *"),
    Rule("ph", "+44 844 412 4653", "", "448444124653", "no symbols"),
    Rule("ph", "06 12 34 56 78", "FR", "33612345678", "country code first, no leading zeros"),
    Rule("ph", "+1 650.555.1212 ext. 5", "", "16505551212", "no symbols, no letters"),
    Rule("fn", "Mary", "", "mary", "lower case *"),
    Rule("fn", "정", "", "정", "UTF-8 is kept *"),
    Rule("fn", "Vale\u0301ry", "", "valéry", "as the page's example, typed on a Mac *"),
    Rule("ln", "O'Hara", "", "ohara", "no punctuation"),
    Rule("ln", "Smith-Jones", "", "smithjones", "no punctuation"),
    Rule("ge", "Female", "", "f", "f or m"),
    Rule("db", "2/16/1997", "", "19970216", "YYYYMMDD *"),
    Rule("db", "1997-02-16", "", "19970216", "YYYYMMDD"),
    Rule("ct", "New York", "", "newyork", "no spaces"),
    Rule("ct", "L'Aquila", "", "laquila", "no punctuation"),
    Rule("st", "California", "US", "ca", "two-letter code in the United States"),
    Rule("st", "12", "US", None, "no letters in it: the hash of nothing is never sent"),
    Rule("zp", "94035-1234", "US", "94035", "first five digits in the United States"),
    Rule("zp", "M1 1AE", "GB", "m11", "area, district and sector in the United Kingdom *"),
    Rule("country", "US", "", "us", "alpha-2, lower case"),
    Rule("country", "United States", "", "us", "alpha-2, lower case"),
    Rule("external_id", " user-42 ", "", "user-42", "the same form in every channel"),
)
