"""Why we differ from Meta's SDK 26.0.3, or from phonenumbers 9.0.42.

"The page" is Meta's "Customer Information Parameters", read November 2026; our choices are in docs/platforms.md.
"""

# of every field
RAISES = "not usable: we leave the field out, the SDK raises and the event is lost"
ENCODING = (
    "the same text as a person reads it: NFC, plain digits and letters, nothing invisible; the SDK takes bytes"
)
NOTHING = "the SDK sends the hash of an empty text, by which strangers match each other"
MD5 = "Meta refuses MD5; the SDK takes any 32 hex digits for a hash and sends them"
ELSEWHERE = "an address or a number in the wrong field goes nowhere: TikTok would get it in the clear"
PLACEHOLDER = "what a page or a template sends when it knows nobody would make all its guests one person"

# em
NO_ADDRESS = "no single address; the SDK asks for anything@anything.anything"
HOST = "the host as mail systems write it: ASCII form, no root dot; vendors are silent, the SDK hashes it as typed"
MAILTO = "the scheme of a link is no part of the address"
APPENDIX = "Meta's own parameter builder adds .<8 characters> to a hash; its SDK does not know"

# ph
NATIONAL = "the country code comes from the person's or the tenant's country; the SDK has none to add"
NO_COUNTRY = "without + and country nothing says that the first digits are a country code"
NO_NUMBER = "no valid number of any country; the SDK counts digits only"
WRITTEN = "dots, slashes, extensions and tel: are ways to write a number; the SDK raises and the event is lost"
TRUNK = "(0) is dialled at home only and is no part of the international number"
ABROAD = "011 is how the United States dial abroad, not a country code"
ZERO_ZERO = "00 is +, wherever the person is: vendors ask for no leading zeros"
LETTERS = "text around a number, or letters for digits: whose number it is would be a guess"
SEVERAL = "more than one number, and which of them is the person's would be a guess"
TAB = "any space between digits is space; phonenumbers stops reading at a tab"
PLUS_LEFT_OUT = "the country code was meant: numbers at home begin with a trunk prefix, and this one does not"
HASHED = "a hash goes on as it is"

# fn, ln
NAME_SPACE = (
    "as Meta's pixel has it, so that both copies of an event name one person; the page says nothing on space"
)
NAME_PUNCTUATION = "the page: no punctuation; the SDK keeps it"
NO_NAME = "no letter in it; the SDK hashes the signs"

# ge, db
GENDER_WORD = "the page: f or m; the SDK hashes the word"
NEITHER = "neither f nor m, which are all that match; the SDK hashes the word"
DATE_FORM = "the page: YYYYMMDD; the SDK hashes the date as typed"
TWO_WAYS = "day and month cannot be told apart, and a wrong date is worse than none"
NO_DATE = "not to be read as a full date from 1900 on; the SDK hashes the text"

# ct, st, zp, country
PLACE_PUNCTUATION = "the page: no punctuation; the SDK removes hyphen, dot and brackets only"
STATE_CODE = "the code, where the country's own posts use codes; the SDK hashes the name"
STATE_DIGITS = "digits belong to the name of a department; the SDK removes them"
NO_STATE = "no state of the United States; the page asks for its two-letter code"
ZIP_FIVE = "the page: in the United States the first five digits; the SDK cuts at a hyphen only"
ZIP_UNIT = "the page: in the United Kingdom area, district and sector; the SDK keeps the unit"
ZIP_DASH = "the page: no dash; the SDK cuts the code there and sends its beginning, which is another place"
ZIP_PUNCTUATION = "signs are no part of a postal code; the SDK keeps them"
ZIP_SHAPE = "no postal code of its country; the SDK does not look"
COUNTRY_NAME = "a country all the same; the SDK takes alpha-2 only, else it raises and the event is lost"

# external_id
OUTER_SPACE = "trimmed, as TikTok asks; the SDK sends it as it came"
HASH_CASE = "a hash is lower case hex; the SDK sends it as it came"
NO_ID = "empty, or with control characters: no id of a shop's; the SDK sends it as it came"
