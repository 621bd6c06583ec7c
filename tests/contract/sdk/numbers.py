"""Phones on which phonenumbers, given the same region, and we differ."""

from __future__ import annotations

from tests.contract.sdk import reasons
from tests.contract.sdk.forms import Differences

NUMBERS: Differences = {
    reasons.ZERO_ZERO: (
        ("ph", "", "0044 20 7946 0958", "+442079460958", None),
        ("ph", "", "+0016505551212", "+16505551212", None),
        ("ph", "", "00491701234567", "+491701234567", None),
        ("ph", "US", "0044 20 7946 0958", "+442079460958", None),
    ),
    reasons.HASHED: (
        (
            "ph",
            "",
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
            None,
        ),
        (
            "ph",
            "",
            "E323EC626319CA94EE8BFF2E4C87CF613BE6EA19919ED1364124E16807AB3176",
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
            None,
        ),
    ),
    reasons.LETTERS: (
        ("ph", "US", "1-800-FLOWERS", None, "+18003569377"),
        ("ph", "US", "Tel. 650 555 1212", None, "+16505551212"),
        ("ph", "DE", "030 901820 Durchwahl 12", "+4930901820", None),
    ),
    reasons.TAB: (("ph", "US", "650\t555\t1212", "+16505551212", None),),
    reasons.SEVERAL: (("ph", "US", "+1 650 555 1212, 5", None, "+16505551212"),),
    reasons.PLUS_LEFT_OUT: (
        ("ph", "DE", "491701234567", "+491701234567", "+49491701234567"),
        ("ph", "DE", "49 170 1234567", "+491701234567", "+49491701234567"),
    ),
    reasons.PLACEHOLDER: (("ph", "IN", "9999999999", None, "+919999999999"),),
}
