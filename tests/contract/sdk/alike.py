"""Inputs on which Meta's SDK and we agree, by field and region, one after the other with | between."""

from __future__ import annotations

ALIKE = {
    ("em", ""): (
        "alice@example.com| Alice@Example.COM |John_Smith@gmail.com|alice_abc@gmail.com|"
        "first.last+tag@example.com|ALICE@SUB.SHOP.EXAMPLE.CO.UK|o'hara@example.com|a@b.example|"
        "x_1-2@example.org|josé@example.com|alice@xn--bcher-kva.example|alice%shop@example.com|"
        "\talice@example.com\r\n|alice..smith@example.com|{alice}@example.com|00@example.com|"
        "ff8d9819fc0e12bf0d24892e45987e249a28dce836a85cad60e28eaaa8c6d976|"
        "FF8D9819FC0E12BF0D24892E45987E249A28DCE836A85CAD60E28EAAA8C6D976|ΑΛΙΚΗ@example.com"
    ),
    ("ph", ""): (
        "+1 650 555 1212|+1 (650) 555-1212|+49 170 1234567|+49 (170) 123-4567|0044 20 7946 0958|"
        "+44 20 7946 0958|+33612345678|+81 90-1234-5678|+5511912345678|+351 912 345 678|+0016505551212|"
        "00491701234567|e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176|"
        "E323EC626319CA94EE8BFF2E4C87CF613BE6EA19919ED1364124E16807AB3176|(+1) 213 373 4253"
    ),
    ("ph", "US"): "+1 650 555 1212|1 650 555 1212|0044 20 7946 0958|+33 6 12 34 56 78",
    ("ph", "DE"): "+49 170 1234567|491701234567|00491701234567|49 170 1234567",
    ("ph", "FR"): "33612345678|0033612345678",
    ("ph", "GB"): "447400123456",
    ("ph", "IT"): "+39 06 6982 1",
    ("ph", "IN"): "+91 98765 43210",
    ("ph", "RU"): "+7 912 345-67-89|79123456789",
    ("ph", "MX"): "525512345678",
    ("ph", "AR"): "+54 9 11 2345-6789",
    ("ph", "CN"): "+86 138 0013 8000",
    ("ph", "AT"): "+43 664 1234567",
    ("fn", ""): (
        "Mary|mary|정|Valéry|alice| Alice |ALICE|张伟|محمد|Ольга|José|Łukasz|Zoë|Nguyễn|Αλίκη|あきこ|김|İpek|"
        "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec|"
        "6915771BE1C5AA0C886870B6951B03D7EAFC121FEA0E80A5EA83BEB7C449F4EC|Aℓice|Ὀδυσσεύς|null|Jürgen|"
        "Ωmega|João"
    ),
    ("ln", ""): "Doe|DOE|Müller|MÜLLER|García|Strauß|이|Иванов|Ñandú|Sørensen|OʼHara|Müller̈|null",
    ("ge", ""): "f|m|F|M| f |m\n|252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111",
    ("db", ""): "19970216|20000229| 19970216 |01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c",
    ("external_id", ""): (
        "user-42|42|User-42|a1b2c3d4-0000-4000-8000-00000000abcd|A1B2C3D4|crm:77/9|Ünal-7|"
        "d41d8cd98f00b204e9800998ecf8427e|"
        "3b7f4f0d8c1f1e2f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b|😀|alice@example.com|user 42"
    ),
    ("ct", ""): (
        "newyork|New York|NEW YORK|Paris|São Paulo|東京|Zürich|Москва|Köln| Berlin |Winston-Salem|"
        "Los Angeles (CA)|St. Louis|القاهرة|Łódź|Saint-Étienne|Paris 16e|Paris 75016|Frankfurt a. M.|"
        "Halle (Saale)|İstanbul|N.Y.C.|350c754ba4d38897693aa077ef43072a859d23f613443133fecbbd90a3512ca5|"
        "København Ø|Ho Chi Minh City|Aix-en-Provence|s-Hertogenbosch|Saint-Denis (Réunion)"
    ),
    ("st", "US"): "ca|CA|ny| Ny |TX|N.Y.|D.C.",
    ("st", ""): (
        "ca|Bayern|bavaria|Ontario|Île-de-France|Île de France|Nordrhein-Westfalen|Baden-Württemberg|Québec|東京都"
    ),
    ("st", "CA"): "on|qc|QC|B.C.|NL|Bavaria",
    ("st", "AU"): "nsw|NSW|Qld.|ACT",
    ("st", "BR"): "sp|SP",
    ("st", "FR"): "Île-de-France|Bretagne",
    ("st", "DE"): "Bayern|Nordrhein-Westfalen|BY",
    ("st", "MX"): "JAL",
    ("st", "IN"): "MH",
    ("st", "IT"): "MI",
    ("zp", "US"): "94305|94035-1234| 10001 |10 001|02139|00000-0000",
    ("zp", "GB"): "m11",
    ("zp", "CA"): "k1a0b6|K1A 0B6|K1A",
    ("zp", "PT"): "1000001|1000 001|1000",
    ("zp", "NL"): "1234ab|1234 AB|1234",
    ("zp", "JP"): "1000001",
    ("zp", "PL"): "00950|00 950",
    ("zp", "BR"): "01310100",
    ("zp", "DE"): "10115",
    ("zp", ""): "94305|75008|1234 AB|SW1A 1AA|94305-1234|75 008|AD500",
    ("zp", "SE"): "114 55",
    ("zp", "IE"): "D02 AF30|d02af30",
    ("zp", "IN"): "110 001|110001",
    ("country", ""): (
        "us|US| us |gb|De|FR|u.s.|U.S|u s|"
        "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621|"
        "79ADB2A2FCE5C6BA215FE5F27F532D4E7EDBAC4B6A5E09E1EF3A08084A904621"
    ),
}
