"""Our normal forms beside those of Meta's own SDK (facebook-business) and of phonenumbers, input by input.

`forms` asks each of them. `alike` holds inputs on which the SDK and we agree; `reach`, `person` and `place` hold
those on which we do not, by reason; `numbers` the same for phonenumbers. `vendor_rules` are inputs whose form a
vendor's page prescribes. What follows from it: docs/decisions/0011-sdk-is-no-oracle.md.
"""
