"""Countries: ISO 3166-1 alpha-2 code, alpha-3 code, and the names that people and shops write, own and English.

Data, one country a line. Codes: ISO 3166-1; English names after the tz database (public domain).
"""

TABLE = """\
AD AND Andorra
AE ARE United Arab Emirates|UAE|Emirates|الإمارات العربية المتحدة|الإمارات
AF AFG Afghanistan
AG ATG Antigua & Barbuda
AI AIA Anguilla
AL ALB Albania|Shqipëria
AM ARM Armenia|Հայաստան
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina|Argentine Republic
AS ASM American Samoa
AT AUT Austria|Österreich
AU AUS Australia|Commonwealth of Australia
AW ABW Aruba
AX ALA Åland Islands|Åland
AZ AZE Azerbaijan|Azərbaycan
BA BIH Bosnia & Herzegovina|Bosnia|Bosna i Hercegovina
BB BRB Barbados
BD BGD Bangladesh|বাংলাদেশ
BE BEL Belgium|België|Belgique|Belgien
BF BFA Burkina Faso
BG BGR Bulgaria|България
BH BHR Bahrain|البحرين
BI BDI Burundi
BJ BEN Benin
BL BLM Saint Barthelemy|St Barthelemy|Saint-Barthélemy
BM BMU Bermuda
BN BRN Brunei|Brunei Darussalam
BO BOL Bolivia|Plurinational State of Bolivia
BQ BES Bonaire, Sint Eustatius and Saba|Caribbean Netherlands
BR BRA Brazil|Brasil
BS BHS Bahamas|The Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus|Беларусь
BZ BLZ Belize
CA CAN Canada
CC CCK Cocos Islands|Cocos (Keeling) Islands
CD COD Democratic Republic of the Congo|DR Congo|Congo Kinshasa|Congo (Dem. Rep.)
CF CAF Central African Republic
CG COG Congo|Republic of the Congo|Congo Brazzaville
CH CHE Switzerland|Schweiz|Suisse|Svizzera|Svizra
CI CIV Côte d'Ivoire|Ivory Coast
CK COK Cook Islands
CL CHL Chile
CM CMR Cameroon
CN CHN China|中国|中國|People's Republic of China|PRC
CO COL Colombia
CR CRI Costa Rica
CU CUB Cuba
CV CPV Cape Verde|Cabo Verde
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus|Κύπρος|Kıbrıs
CZ CZE Czech Republic|Czechia|Česko|Česká republika
DE DEU Germany|Deutschland|Federal Republic of Germany|Allemagne|Alemania
DJ DJI Djibouti
DK DNK Denmark|Danmark
DM DMA Dominica
DO DOM Dominican Republic|República Dominicana
DZ DZA Algeria|الجزائر|Algérie
EC ECU Ecuador
EE EST Estonia|Eesti
EG EGY Egypt|مصر
EH ESH Western Sahara
ER ERI Eritrea
ES ESP Spain|España|Espanya|Espagne
ET ETH Ethiopia
FI FIN Finland|Suomi
FJ FJI Fiji
FK FLK Falkland Islands|Falkland Islands (Malvinas)|Malvinas
FM FSM Micronesia|Federated States of Micronesia
FO FRO Faroe Islands|Føroyar|Faeroe Islands
FR FRA France|République française|Frankreich|Francia
GA GAB Gabon
GB GBR United Kingdom|UK|Great Britain|Britain|England|Scotland|Wales|Northern Ireland
GD GRD Grenada
GE GEO Georgia|საქართველო
GF GUF French Guiana
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland|Kalaallit Nunaat
GM GMB Gambia|The Gambia
GN GIN Guinea
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea
GR GRC Greece|Ελλάδα|Ellada|Hellas|Ελλάς
GS SGS South Georgia and the South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau
GY GUY Guyana
HK HKG Hong Kong|香港|Hong Kong SAR
HM HMD Heard Island & McDonald Islands
HN HND Honduras
HR HRV Croatia|Hrvatska
HT HTI Haiti
HU HUN Hungary|Magyarország
ID IDN Indonesia|Republik Indonesia
IE IRL Ireland|Éire|Republic of Ireland
IL ISR Israel|ישראל
IM IMN Isle of Man
IN IND India|भारत|Bharat
IO IOT British Indian Ocean Territory
IQ IRQ Iraq|العراق
IR IRN Iran|ایران|Islamic Republic of Iran
IS ISL Iceland|Ísland
IT ITA Italy|Italia|Italien|Italie
JE JEY Jersey
JM JAM Jamaica
JO JOR Jordan|الأردن
JP JPN Japan|日本|Nippon|Nihon
KE KEN Kenya
KG KGZ Kyrgyzstan|Кыргызстан
KH KHM Cambodia
KI KIR Kiribati
KM COM Comoros
KN KNA St Kitts & Nevis|Saint Kitts and Nevis
KP PRK North Korea|Korea (North)|Democratic People's Republic of Korea
KR KOR South Korea|Korea|Korea (South)|Republic of Korea|대한민국|한국
KW KWT Kuwait|الكويت
KY CYM Cayman Islands
KZ KAZ Kazakhstan|Қазақстан|Казахстан
LA LAO Laos|Lao PDR|Lao People's Democratic Republic
LB LBN Lebanon|لبنان|Liban
LC LCA St Lucia|Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka|ශ්‍රී ලංකාව
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania|Lietuva
LU LUX Luxembourg|Lëtzebuerg|Luxemburg
LV LVA Latvia|Latvija
LY LBY Libya|ليبيا
MA MAR Morocco|المغرب|Maroc
MC MCO Monaco
MD MDA Moldova|Republic of Moldova
ME MNE Montenegro|Crna Gora
MF MAF Saint Martin|St Martin
MG MDG Madagascar
MH MHL Marshall Islands
MK MKD North Macedonia|Macedonia|Северна Македонија
ML MLI Mali
MM MMR Myanmar|Burma
MN MNG Mongolia|Монгол
MO MAC Macau|Macao|澳門|澳门
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania
MS MSR Montserrat
MT MLT Malta
MU MUS Mauritius
MV MDV Maldives
MW MWI Malawi
MX MEX Mexico|México|Estados Unidos Mexicanos
MY MYS Malaysia
MZ MOZ Mozambique
NA NAM Namibia
NC NCL New Caledonia
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands|Nederland|Holland|The Netherlands|Pays-Bas|Niederlande
NO NOR Norway|Norge|Noreg
NP NPL Nepal|नेपाल
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand|Aotearoa
OM OMN Oman|عمان
PA PAN Panama
PE PER Peru|Perú
PF PYF French Polynesia
PG PNG Papua New Guinea
PH PHL Philippines|Pilipinas|The Philippines
PK PAK Pakistan|پاکستان
PL POL Poland|Polska|Polen|Pologne
PM SPM St Pierre & Miquelon|Saint Pierre and Miquelon
PN PCN Pitcairn|Pitcairn Islands
PR PRI Puerto Rico
PS PSE Palestine|State of Palestine|فلسطين
PT PRT Portugal|República Portuguesa
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar|قطر
RE REU Réunion
RO ROU Romania|România
RS SRB Serbia|Srbija|Србија
RU RUS Russia|Россия|Russian Federation|Российская Федерация
RW RWA Rwanda
SA SAU Saudi Arabia|السعودية|المملكة العربية السعودية|KSA
SB SLB Solomon Islands
SC SYC Seychelles
SD SDN Sudan|السودان
SE SWE Sweden|Sverige|Schweden
SG SGP Singapore|新加坡
SH SHN St Helena|Saint Helena|Saint Helena, Ascension and Tristan da Cunha
SI SVN Slovenia|Slovenija
SJ SJM Svalbard & Jan Mayen|Svalbard
SK SVK Slovakia|Slovensko|Slovak Republic
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal
SO SOM Somalia
SR SUR Suriname
SS SSD South Sudan
ST STP Sao Tome & Principe
SV SLV El Salvador
SX SXM Sint Maarten|St Maarten
SY SYR Syria|سوريا|Syrian Arab Republic
SZ SWZ Eswatini|Swaziland
TC TCA Turks and Caicos Islands|Turks & Caicos
TD TCD Chad
TF ATF French Southern Territories
TG TGO Togo
TH THA Thailand|ประเทศไทย|ไทย
TJ TJK Tajikistan
TK TKL Tokelau
TL TLS Timor-Leste|East Timor
TM TKM Turkmenistan
TN TUN Tunisia|تونس|Tunisie
TO TON Tonga
TR TUR Turkey|Türkiye
TT TTO Trinidad & Tobago|Trinidad
TV TUV Tuvalu
TW TWN Taiwan|台灣|臺灣|台湾
TZ TZA Tanzania|United Republic of Tanzania
UA UKR Ukraine|Україна|Украина
UG UGA Uganda
UM UMI United States Minor Outlying Islands|US Minor Outlying Islands
US USA United States|USA|United States of America|America|Estados Unidos|États-Unis|Vereinigte Staaten|Stati Uniti
UY URY Uruguay
UZ UZB Uzbekistan|Oʻzbekiston
VA VAT Vatican City|Vatican|Holy See
VC VCT St Vincent|Saint Vincent and the Grenadines
VE VEN Venezuela|Bolivarian Republic of Venezuela
VG VGB British Virgin Islands|Virgin Islands (UK)|Virgin Islands British
VI VIR US Virgin Islands|Virgin Islands (US)|United States Virgin Islands
VN VNM Vietnam|Việt Nam
VU VUT Vanuatu
WF WLF Wallis & Futuna
WS WSM Samoa|Western Samoa
YE YEM Yemen|اليمن
YT MYT Mayotte
ZA ZAF South Africa|RSA|Suid-Afrika
ZM ZMB Zambia
ZW ZWE Zimbabwe
"""
