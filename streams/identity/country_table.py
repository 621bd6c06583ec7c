"""Countries: ISO 3166-1 alpha-2 code, alpha-3 code, and the names that people and shops write: English, own, and
of the larger languages.

Data, one country a line; a line that begins with | goes on with the one before. Codes: ISO 3166-1; English names
after the tz database (public domain).
"""

TABLE = """\
AD AND Andorra
AE ARE United Arab Emirates|UAE|Emirates|الإمارات العربية المتحدة|الإمارات|Vereinigte Arabische Emirate
 |Émirats arabes unis|Emiratos Árabes Unidos|ОАЭ|الامارات
AF AFG Afghanistan|افغانستان|Афганистан
AG ATG Antigua & Barbuda
AI AIA Anguilla
AL ALB Albania|Shqipëria|Albanien|Albanie
AM ARM Armenia|Հայաստան|Hayastan|Армения
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina|Argentine Republic|Argentinien|Argentine|Аргентина
AS ASM American Samoa
AT AUT Austria|Österreich|Autriche|Oostenrijk|Rakousko|Rakúsko|Ausztria|Avstrija|Австрия|奥地利|オーストリア
AU AUS Australia|Commonwealth of Australia|Australien|Australie|Австралия|澳大利亚|オーストラリア
AW ABW Aruba
AX ALA Åland Islands|Åland
AZ AZE Azerbaijan|Azərbaycan|Азербайджан
BA BIH Bosnia & Herzegovina|Bosnia|Bosna i Hercegovina|Босна и Херцеговина
BB BRB Barbados
BD BGD Bangladesh|বাংলাদেশ|Bangladesch
BE BEL Belgium|België|Belgique|Belgien|Bélgica|Belgia|Бельгия|ベルギー
BF BFA Burkina Faso
BG BGR Bulgaria|България|Bulgarien|Bulgarie|Bulgariya|Болгария
BH BHR Bahrain|البحرين|Bahreïn
BI BDI Burundi
BJ BEN Benin|Bénin
BL BLM Saint Barthelemy|St Barthelemy|Saint-Barthélemy
BM BMU Bermuda
BN BRN Brunei|Brunei Darussalam|Negara Brunei Darussalam
BO BOL Bolivia|Plurinational State of Bolivia
BQ BES Bonaire, Sint Eustatius and Saba|Caribbean Netherlands
BR BRA Brazil|Brasil|Brasilien|Brésil|Brasile|Brazilië|Бразилия|巴西|ブラジル
BS BHS Bahamas|The Bahamas
BT BTN Bhutan|འབྲུག
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus|Беларусь|Belarus'|Weißrussland|Belarús|Белоруссия
BZ BLZ Belize
CA CAN Canada|Kanada|Canadá|Канада|加拿大|カナダ
CC CCK Cocos Islands|Cocos (Keeling) Islands
CD COD Democratic Republic of the Congo|DR Congo|Congo Kinshasa|Congo (Dem. Rep.)|DRC
 |République démocratique du Congo|RDC
CF CAF Central African Republic|République centrafricaine
CG COG Congo|Republic of the Congo|Congo Brazzaville|République du Congo|Congo (Brazzaville)
CH CHE Switzerland|Schweiz|Suisse|Svizzera|Svizra|Suiza|Suíça|Zwitserland|Szwajcaria|Швейцария|瑞士|スイス
 |Confoederatio Helvetica|Swiss Confederation
CI CIV Côte d'Ivoire|Ivory Coast|Republic of Côte d'Ivoire
CK COK Cook Islands
CL CHL Chile
CM CMR Cameroon|Cameroun
CN CHN China|中国|中國|People's Republic of China|PRC|Chine|Cina|Kina|Китай|Zhongguo|중국
CO COL Colombia|Kolumbien|Colombie
CR CRI Costa Rica
CU CUB Cuba
CV CPV Cape Verde|Cabo Verde
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus|Κύπρος|Kıbrıs|Zypern|Chypre
CZ CZE Czech Republic|Czechia|Česko|Česká republika|Tschechien|Tchéquie|République tchèque|Chequia
 |República Checa|Czechy|Tsjechië|Чехия
DE DEU Germany|Deutschland|Federal Republic of Germany|Allemagne|Alemania|Germania|Duitsland|Tyskland|Niemcy
 |Německo|Nemecko|Németország|Almanya|Alemanha|Saksa|Германия|德国|ドイツ|독일|Bundesrepublik Deutschland|BRD
DJ DJI Djibouti|جيبوتي
DK DNK Denmark|Danmark|Dänemark|Danemark|Dinamarca|Danimarca|Дания
DM DMA Dominica
DO DOM Dominican Republic|República Dominicana
DZ DZA Algeria|الجزائر|Algérie|Algerien
EC ECU Ecuador
EE EST Estonia|Eesti|Estland|Estonie|Эстония
EG EGY Egypt|مصر|Ägypten|Égypte|Egipto|Misr|Египет
EH ESH Western Sahara|Sahara Occidental
ER ERI Eritrea
ES ESP Spain|España|Espanya|Espagne|Spanien|Spagna|Espanha|Spanje|Hiszpania|Испания|西班牙|スペイン
ET ETH Ethiopia|ኢትዮጵያ
FI FIN Finland|Suomi|Finnland|Finlande|Финляндия
FJ FJI Fiji|Viti
FK FLK Falkland Islands|Falkland Islands (Malvinas)|Malvinas
FM FSM Micronesia|Federated States of Micronesia
FO FRO Faroe Islands|Føroyar|Faeroe Islands
FR FRA France|République française|Frankreich|Francia|Frankrijk|Frankrike|Frankrig|Francja|França|Франция|法国
 |フランス|프랑스|French Republic
GA GAB Gabon|Gabonese Republic
GB GBR United Kingdom|UK|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|Großbritannien
 |Vereinigtes Königreich|Royaume-Uni|Reino Unido|Regno Unito|Verenigd Koninkrijk|Wielka Brytania|Storbritannien
 |England & Wales|Великобритания|英国|イギリス|영국|United Kingdom of Great Britain and Northern Ireland|Cymru
 |Alba
GD GRD Grenada
GE GEO Georgia|საქართველო|Sakartvelo|Georgien|Грузия
GF GUF French Guiana|Guyane française|Guyane
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland|Kalaallit Nunaat
GM GMB Gambia|The Gambia
GN GIN Guinea|Guinée
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea|Guinea Ecuatorial
GR GRC Greece|Ελλάδα|Ellada|Hellas|Ελλάς|Griechenland|Grèce|Grecia|Hellenic Republic|EL|Греция
GS SGS South Georgia and the South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau|Guiné-Bissau
GY GUY Guyana
HK HKG Hong Kong|香港|Hong Kong SAR|Hongkong|Гонконг|Hong Kong Special Administrative Region of China
HM HMD Heard Island & McDonald Islands
HN HND Honduras
HR HRV Croatia|Hrvatska|Kroatien|Croatie|Хорватия
HT HTI Haiti|Haïti|Ayiti
HU HUN Hungary|Magyarország|Ungarn|Hongrie|Węgry|Венгрия
ID IDN Indonesia|Republik Indonesia
IE IRL Ireland|Éire|Republic of Ireland|Irland|Irlande|Ирландия|アイルランド
IL ISR Israel|ישראל|Israël|Izrael|Израиль
IM IMN Isle of Man
IN IND India|भारत|Bharat|Indien|Inde|Индия|印度|インド|Republic of India
IO IOT British Indian Ocean Territory
IQ IRQ Iraq|العراق|Irak|al-Iraq
IR IRN Iran|ایران|Islamic Republic of Iran
IS ISL Iceland|Ísland|Island|Islande
IT ITA Italy|Italia|Italien|Italie|Włochy|Itália|Olaszország|Италия|意大利|イタリア|이탈리아|Italian Republic
JE JEY Jersey
JM JAM Jamaica
JO JOR Jordan|الأردن|al-Urdun
JP JPN Japan|日本|Nippon|Nihon|Giappone|Japon|Japón|Japão|Япония|にほん|일본
KE KEN Kenya
KG KGZ Kyrgyzstan|Кыргызстан|Киргизия|Kirgisistan|Kyrgyz Republic
KH KHM Cambodia|កម្ពុជា|Kampuchea|Cambodge
KI KIR Kiribati
KM COM Comoros
KN KNA St Kitts & Nevis|Saint Kitts and Nevis
KP PRK North Korea|Korea (North)|Democratic People's Republic of Korea
KR KOR South Korea|Korea|Korea (South)|Republic of Korea|대한민국|한국|Südkorea|Corée du Sud|Corea del Sur
 |Coreia do Sul|Korea South|Южная Корея|韩国|韓国|韓國|Hanguk
KW KWT Kuwait|الكويت
KY CYM Cayman Islands
KZ KAZ Kazakhstan|Қазақстан|Казахстан|Kasachstan|Qazaqstan
LA LAO Laos|Lao PDR|Lao People's Democratic Republic|ລາວ
LB LBN Lebanon|لبنان|Liban|Lubnan|Lebanese Republic
LC LCA St Lucia|Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka|ශ්‍රී ලංකාව|இலங்கை
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania|Lietuva|Litauen|Lituanie|Литва
LU LUX Luxembourg|Lëtzebuerg|Luxemburg|Lussemburgo|Люксембург
LV LVA Latvia|Latvija|Lettland|Lettonie|Латвия
LY LBY Libya|ليبيا|Libia|Libye
MA MAR Morocco|المغرب|Maroc|Marokko|Marruecos|Марокко
MC MCO Monaco
MD MDA Moldova|Republic of Moldova|Moldawien|Moldavie|Молдова
ME MNE Montenegro|Crna Gora
MF MAF Saint Martin|St Martin|Saint Martin (French part)
MG MDG Madagascar|Madagasikara
MH MHL Marshall Islands
MK MKD North Macedonia|Macedonia|Северна Македонија
ML MLI Mali
MM MMR Myanmar|Burma|မြန်မာ
MN MNG Mongolia|Монгол|Mongolei
MO MAC Macau|Macao|澳門|澳门|Macao Special Administrative Region of China|Macao SAR
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania|موريتانيا|Mauritanie
MS MSR Montserrat
MT MLT Malta|Malte
MU MUS Mauritius|Maurice
MV MDV Maldives|ދިވެހިރާއްޖެ
MW MWI Malawi
MX MEX Mexico|México|Estados Unidos Mexicanos|Mexiko|Mexique|Messico|Мексика|墨西哥|メキシコ
 |United Mexican States
MY MYS Malaysia|马来西亚|Малайзия
MZ MOZ Mozambique|Moçambique
NA NAM Namibia
NC NCL New Caledonia|Nouvelle-Calédonie
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands|Nederland|Holland|The Netherlands|Pays-Bas|Niederlande|Países Bajos|Paesi Bassi|Países Baixos
 |Holandia|Holanda|Hollande|Nederlanden|Kingdom of the Netherlands|Нидерланды|荷兰|オランダ
NO NOR Norway|Norge|Noreg|Norwegen|Norvège|Noruega|Норвегия|Noregur
NP NPL Nepal|नेपाल
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand|Aotearoa|Neuseeland|Nouvelle-Zélande|Nueva Zelanda|新西兰
OM OMN Oman|عمان|Umān
PA PAN Panama
PE PER Peru|Perú
PF PYF French Polynesia|Polynésie française
PG PNG Papua New Guinea
PH PHL Philippines|Pilipinas|The Philippines|Filipinas|Philippinen
PK PAK Pakistan|پاکستان|Pākistān
PL POL Poland|Polska|Polen|Pologne|Polonia|Lengyelország|Польша|波兰
PM SPM St Pierre & Miquelon|Saint Pierre and Miquelon
PN PCN Pitcairn|Pitcairn Islands
PR PRI Puerto Rico
PS PSE Palestine|State of Palestine|فلسطين
PT PRT Portugal|República Portuguesa|Portogallo|Португалия|葡萄牙|Portuguese Republic
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar|قطر|Katar
RE REU Réunion|La Réunion
RO ROU Romania|România|Rumänien|Roumanie|Румыния
RS SRB Serbia|Srbija|Србија|Serbien|Serbie|Сербия
RU RUS Russia|Россия|Russian Federation|Российская Федерация|Russland|Russie|Rusia|Rusland|Rosja|Rossiya|俄罗斯
 |ロシア
RW RWA Rwanda|Rwandese Republic
SA SAU Saudi Arabia|السعودية|المملكة العربية السعودية|KSA|Saudi-Arabien|Arabie saoudite|Arabia Saudita
 |Саудовская Аравия
SB SLB Solomon Islands
SC SYC Seychelles
SD SDN Sudan|السودان|Soudan
SE SWE Sweden|Sverige|Schweden|Suède|Suecia|Svezia|Zweden|Szwecja|Швеция|瑞典|スウェーデン
SG SGP Singapore|新加坡|Singapura|Singapour|Сингапур|シンガポール
SH SHN St Helena|Saint Helena|Saint Helena, Ascension and Tristan da Cunha
SI SVN Slovenia|Slovenija|Slowenien|Slovénie|Словения
SJ SJM Svalbard & Jan Mayen|Svalbard
SK SVK Slovakia|Slovensko|Slovak Republic|Slowakei|Slovaquie|Словакия
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal|Sénégal
SO SOM Somalia|Soomaaliya|الصومال
SR SUR Suriname
SS SSD South Sudan
ST STP Sao Tome & Principe
SV SLV El Salvador
SX SXM Sint Maarten|St Maarten|Sint Maarten (Dutch part)
SY SYR Syria|سوريا|Syrian Arab Republic|سورية
SZ SWZ Eswatini|Swaziland
TC TCA Turks and Caicos Islands|Turks & Caicos
TD TCD Chad|Tchad|تشاد
TF ATF French Southern Territories
TG TGO Togo|Togolese Republic
TH THA Thailand|ประเทศไทย|ไทย|Thaïlande|Prathet Thai|泰国|タイ
TJ TJK Tajikistan|Тоҷикистон|Таджикистан
TK TKL Tokelau
TL TLS Timor-Leste|East Timor|Timor Leste
TM TKM Turkmenistan|Türkmenistan|Туркменистан
TN TUN Tunisia|تونس|Tunisie|Tunesien
TO TON Tonga
TR TUR Turkey|Türkiye|Türkei|Turquie|Turquía|Turchia|Turkije|Турция|Republic of Türkiye
TT TTO Trinidad & Tobago|Trinidad
TV TUV Tuvalu
TW TWN Taiwan|台灣|臺灣|台湾|Taiwan Province of China|Republic of China|대만|Тайвань|Chinese Taipei
TZ TZA Tanzania|United Republic of Tanzania
UA UKR Ukraine|Україна|Украина|Ukraina|Ukrayina|Ukrajina
UG UGA Uganda
UM UMI United States Minor Outlying Islands|US Minor Outlying Islands
US USA United States|USA|United States of America|America|Estados Unidos|États-Unis|Vereinigte Staaten
 |Stati Uniti|U.S. of A.|Estados Unidos de América|Estados Unidos da América|États-Unis d'Amérique
 |Vereinigte Staaten von Amerika|Verenigde Staten|Stany Zjednoczone|Förenta staterna|EE.UU.|EEUU|EUA|США
 |Соединенные Штаты|美国|美國|アメリカ|アメリカ合衆国|미국
UY URY Uruguay
UZ UZB Uzbekistan|Oʻzbekiston|Узбекистан|Usbekistan|Ўзбекистон
VA VAT Vatican City|Vatican|Holy See|Vatican City State|Holy See (Vatican City State)|Città del Vaticano
VC VCT St Vincent|Saint Vincent and the Grenadines
VE VEN Venezuela|Bolivarian Republic of Venezuela
VG VGB British Virgin Islands|Virgin Islands (UK)|Virgin Islands British
VI VIR US Virgin Islands|Virgin Islands (US)|United States Virgin Islands|Virgin Islands of the United States
VN VNM Vietnam|Việt Nam|Viet Nam|越南|Вьетнам
VU VUT Vanuatu
WF WLF Wallis & Futuna
WS WSM Samoa|Western Samoa
YE YEM Yemen|اليمن|Jemen|Yémen
YT MYT Mayotte
ZA ZAF South Africa|RSA|Suid-Afrika|Südafrika|Afrique du Sud|Sudáfrica|iNingizimu Afrika|ЮАР
ZM ZMB Zambia
ZW ZWE Zimbabwe
""".replace("\n |", "|")
