#!/usr/bin/env python3
"""Checks every file of deploy/seed: formats, references, uniqueness, check digits, and the promises of its README.

Prints all mistakes, one a line, and ends with exit code 1 when there is any. Needs Python 3.11 and nothing else.
"""

import datetime
import importlib.util
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED = ROOT / "deploy" / "seed"
TODAY = datetime.date(2026, 11, 22)
MISTAKES = []

COLUMNS = {
    "drugs.tsv": "med_list_codg generic_name_zh generic_name_en trade_name dosage_form strength pack units_per_pack"
    " preparation_unit billing_unit maker approval_number chrgitm_lv first_selfpay_ratio rx_flag otc_class restricted"
    " negotiated controlled_class storage online_forbidden hi_mark trace_prefix pay_standard_fen_e4"
    " reference_price_fen diseases child",
    "institutions.tsv": "fixmedins_code kind name level district chain hospital_owner capabilities agreement_from"
    " agreement_to agreement_timeline lat_e6 lng_e6 address",
    "practitioners.tsv": "code kind name institution_code department_code department_zh title_code practice_from"
    " practice_cert_no insured_doctor state phone",
    "persons.tsv": "row name cert_type cert_no gender birth_date phone insurances account_balance_fen chronic relations"
    " lat_e6 lng_e6 address note",
    "guardians.tsv": "child guardian relation begin note",
    "stock.tsv": "pharmacy_code fixmedins_bchno med_list_codg fixmedins_hilist_id price manu_lotnum manu_date expy_end"
    " packs first_serial supplier set note",
    "hospital_prices.tsv": "hospital_code med_list_codg hospital_drug_code price valid_from note",
    "slots.tsv": "practitioner_code department_code department_zh weekday_mask start end slot_minutes capacity mode",
}
MAY_BE_EMPTY = {
    "drugs.tsv": "trade_name otc_class online_forbidden pay_standard_fen_e4 diseases",
    "institutions.tsv": "level chain hospital_owner",
    "practitioners.tsv": "institution_code department_code department_zh title_code practice_cert_no phone",
    "persons.tsv": "chronic relations note",
    "guardians.tsv": "note",
    "stock.tsv": "note",
    "hospital_prices.tsv": "note",
    "slots.tsv": "",
}


class Row(dict):
    """One line of a file; `bad` notes a mistake with its place."""

    def __init__(self, file, line, cells):
        super().__init__(cells)
        self.place = f"{file}:{line}"

    def bad(self, problem):
        MISTAKES.append(f"{self.place}: {problem}")

    def must(self, condition, problem):
        if not condition:
            self.bad(problem)

    def matches(self, column, pattern):
        good = re.fullmatch(pattern, self[column]) is not None
        self.must(good, f"{column} `{self[column]}` does not match {pattern}")
        return good

    def among(self, column, words):
        self.must(self[column] in words, f"{column} `{self[column]}` is none of {' '.join(words)}")

    def date(self, column):
        return self.as_date(column, self[column])

    def as_date(self, column, text):
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                return datetime.date.fromisoformat(text)
        except ValueError:
            pass
        self.bad(f"{column} `{text}` is not a date")
        return None

    def listed(self, column, separator):
        return self[column].split(separator) if self[column] else []


def problem(text):
    MISTAKES.append(text)


def load(name):
    """The rows that have the right number of cells."""
    path = SEED / name
    if not path.exists():
        problem(f"{name}: is missing")
        return []
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n") or "\r" in text or "\ufeff" in text:
        problem(f"{name}: must end with a line feed and hold neither carriage returns nor a byte-order mark")
    lines = text.split("\n")[:-1]
    columns = COLUMNS[name].split()
    if lines[:1] != ["\t".join(columns)]:
        problem(f"{name}:1: the header must be {' '.join(columns)}")
    optional = set(MAY_BE_EMPTY[name].split())
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(columns):
            problem(f"{name}:{number}: {len(cells)} cells instead of {len(columns)}")
            continue
        row = Row(name, number, zip(columns, cells))
        for column, cell in row.items():
            row.must(cell == cell.strip(), f"{column} has blanks at its ends")
            row.must(cell or column in optional, f"{column} is empty")
        rows.append(row)
    return rows


def unique(rows, *columns):
    first = {}
    for row in rows:
        key = tuple(row[column] for column in columns)
        if key in first:
            row.bad(f"{'+'.join(columns)} {' '.join(key)} is already at {first[key]}")
        first.setdefault(key, row.place)


def whole(row, column, least=0, most=10**13):
    if re.fullmatch(r"0|-?[1-9]\d*", row[column]) and least <= int(row[column]) <= most:
        return int(row[column])
    row.bad(f"{column} `{row[column]}` is not a whole number from {least} to {most}")
    return None


def regions():
    """Insured places and diseases of the region packs."""
    packs = {}
    for name in ("beijing", "qinhuangdao"):
        pack = tomllib.loads((ROOT / "deploy" / "regions" / f"{name}.toml").read_text(encoding="utf-8"))
        diseases = [d["code"] for s in pack["scheme"] for d in s.get("chronic", {}).get("diseases", [])]
        bans = {ban for rule in pack["online_sale"] for ban in rule["bans"]}
        negative = [name for rule in pack["negative_list"] for name in rule["names_zh"]]
        places = {place["code"] for place in pack["insured_place"]}
        packs[name] = {"places": places, "diseases": diseases, "bans": bans, "negative": negative}
    return packs


# ----------------------------------------------------------------------------------------------------------- drugs

WESTERN = r"X[A-Z]\d{2}[A-Z]{2}[A-Z]\d{3}[A-Z]\d{3}\d{2}\d{2}\d{5}"
PATENT = r"Z[A-Z]\d{2}[A-Z]{2}[A-Z]\d{4}\d{2}\d{2}\d{5}"


def check_drugs(rows, packs):
    if len(rows) < 130:
        problem(f"drugs.tsv: {len(rows)} drugs, at least 130 are promised")
    for column in ("med_list_codg", "approval_number", "trace_prefix"):
        unique(rows, column)
    unique(rows, "generic_name_zh", "strength", "pack", "maker")
    heads, names = {}, {}
    for row in rows:
        check_drug(row, packs)
        head = row["med_list_codg"][: 14 if row["med_list_codg"].startswith("X") else 11]
        row.must(heads.setdefault(head, row["generic_name_zh"]) == row["generic_name_zh"], f"{head} has two names")
        row.must(names.setdefault(row["generic_name_zh"], head) == head, "one generic name has two substance codes")
    for disease in packs["qinhuangdao"]["diseases"]:
        if not any(disease in row.listed("diseases", ",") for row in rows):
            problem(f"drugs.tsv: no drug for {disease}")


def check_drug(row, packs):
    row.matches("med_list_codg", f"{WESTERN}|{PATENT}")
    row.matches("approval_number", r"国药准字[HZJ]\d{8}")
    row.must((row["med_list_codg"][0] == "Z") == (row["approval_number"][4] == "Z"), "approval is of another kind")
    row.matches("trace_prefix", r"8[1-4]\d{5}")
    row.matches("generic_name_en", r"[A-Za-z0-9 (),.-]+")
    whole(row, "units_per_pack", 1, 1000)
    whole(row, "reference_price_fen", 1, 1_000_000)
    if row["pay_standard_fen_e4"]:
        whole(row, "pay_standard_fen_e4", 1)
    for column, words in {
        "chrgitm_lv": "123",
        "rx_flag": "012",
        "restricted": "01",
        "negotiated": "01",
        "hi_mark": "01",
        "child": "01",
    }.items():
        row.among(column, list(words))
    row.among("otc_class", ["", "甲", "乙"])
    row.among("storage", ["normal", "cool", "cold_2_8"])
    row.among("controlled_class", ["none", "narcotic", "psych1", "psych2", "toxic", "radioactive", "precursor"])
    row.among("online_forbidden", ["", *sorted(packs["beijing"]["bans"])])
    ratio = row["first_selfpay_ratio"]
    fits = {"1": ratio == "0", "2": re.fullmatch(r"0\.\d{1,6}", ratio), "3": ratio == "1"}.get(row["chrgitm_lv"])
    row.must(fits, f"first_selfpay_ratio `{ratio}` does not fit class {row['chrgitm_lv']}")
    row.must((row["chrgitm_lv"] == "3") == (row["hi_mark"] == "0"), "hi_mark belongs to classes 1 and 2 alone")
    row.must(row["rx_flag"] != "0" or row["otc_class"], "a non-prescription drug needs its OTC class")
    row.must(row["rx_flag"] != "1" or not row["otc_class"], "a prescription drug has no OTC class")
    row.must(row["pack"].startswith(row["units_per_pack"]), "pack and units_per_pack differ")
    row.must(row["pack"].endswith(row["preparation_unit"]), "pack and preparation_unit differ")
    ban = {"psych1": "psychotropic", "psych2": "psychotropic", "none": None}
    expected = ban.get(row["controlled_class"], row["controlled_class"])
    row.must(expected in (None, row["online_forbidden"]), "a controlled drug must be forbidden online as such")
    named = any(name in row["generic_name_zh"] for name in packs["beijing"]["negative"])
    row.must(named == (row["online_forbidden"] == "negative_list"), "differs from the negative list of the region pack")
    for disease in row.listed("diseases", ","):
        row.must(disease in packs["qinhuangdao"]["diseases"], f"unknown disease {disease}")


# ---------------------------------------------------------------------------------------------------- institutions

CAPABILITIES = {"otc_online", "chronic_renewal", "mobile_payment", "own_app", "stock_link", "dual_channel"}
# lat_e6 and lng_e6 of the two cities
BOXES = {
    "11": (39_400_000, 41_100_000, 115_400_000, 117_600_000),
    "13": (39_300_000, 40_700_000, 118_500_000, 120_000_000),
}
NEXT_STATES = {
    None: {"new"},
    "new": {"suspended", "terminated", "changed"},
    "changed": {"suspended", "terminated", "changed"},
    "suspended": {"resumed", "terminated"},
    "resumed": {"suspended", "terminated", "changed"},
    "terminated": {"new"},
}


def check_institutions(rows, packs):
    unique(rows, "fixmedins_code")
    unique(rows, "name")
    codes = {row["fixmedins_code"]: row for row in rows}
    states = {}
    for row in rows:
        check_institution(row, packs, codes)
        region = "beijing" if row["district"].startswith("11") else "qinhuangdao"
        states.setdefault(region, []).append((row["kind"], row["agreement_timeline"].rpartition(":")[2]))
    for region in packs:
        for state in ("suspended", "terminated"):
            if ("pharmacy", state) not in states.get(region, []):
                problem(f"institutions.tsv: no {state} pharmacy in {region}")
    promised_institutions(rows, packs)


def promised_institutions(rows, packs):
    qinhuangdao = [row for row in rows if row["district"].startswith("1303")]
    hospitals = [row for row in qinhuangdao if row["kind"] == "hospital" and row["level"] in ("2", "3")]
    if len(hospitals) != 7:
        problem(f"institutions.tsv: {len(hospitals)} hospitals of level 2 and above in Qinhuangdao instead of 7")
    chains = {}
    for row in qinhuangdao:
        if row["chain"]:
            chains[row["chain"]] = chains.get(row["chain"], 0) + 1
    if len(chains) != 2 or min(chains.values(), default=0) < 4:
        problem("institutions.tsv: Qinhuangdao must have two chains with four shops or more each")
    designated = {
        row["district"]
        for row in rows
        if row["kind"] == "pharmacy" and "otc_online" in row.listed("capabilities", ",")
    }
    for place in sorted(packs["beijing"]["places"] - {"110000"} - designated):
        problem(f"institutions.tsv: no designated pharmacy in {place}")


def check_institution(row, packs, codes):
    row.among("kind", ["hospital", "community", "pharmacy"])
    row.matches("fixmedins_code", r"P\d{11}" if row["kind"] == "pharmacy" else r"H\d{11}")
    row.must(row["fixmedins_code"][1:7] == row["district"], "code and district differ")
    places = set().union(*(pack["places"] for pack in packs.values()))
    row.must(row["district"] in places, f"district {row['district']} is in no region pack")
    row.among("level", [""] if row["kind"] == "pharmacy" else ["1", "2", "3"])
    owner = codes.get(row["hospital_owner"])
    row.must(not row["hospital_owner"] or (owner and owner["kind"] == "hospital"), "hospital_owner is no hospital")
    capabilities = row.listed("capabilities", ",")
    row.must(set(capabilities) <= CAPABILITIES and len(set(capabilities)) == len(capabilities), "odd capabilities")
    start, end = row.date("agreement_from"), row.date("agreement_to")
    row.must(not (start and end) or start < end, "the agreement ends before it begins")
    check_timeline(row, start)
    low_lat, high_lat, low_lng, high_lng = BOXES[row["district"][:2]]
    whole(row, "lat_e6", low_lat, high_lat)
    whole(row, "lng_e6", low_lng, high_lng)


def check_timeline(row, start):
    state, before = None, None
    for step in row.listed("agreement_timeline", ";"):
        day_text, _, word = step.partition(":")
        day = row.as_date("agreement_timeline", day_text)
        row.must(word in NEXT_STATES[state], f"agreement_timeline: {word} cannot follow {state}")
        row.must(not (day and before) or before < day, "agreement_timeline is out of order")
        row.must(before is not None or day == start, "agreement_timeline must begin on agreement_from")
        before, state = day, word if word in NEXT_STATES else state


# --------------------------------------------------------------------------------------------------- practitioners

CODE_OF = {
    "doctor": r"D\d{12}",
    "hospital_pharmacist": r"HY\d{12}",
    "retail_pharmacist": r"YS\d{12}",
    "courier": r"PS\d{12}",
}


def check_practitioners(rows, institutions):
    unique(rows, "code")
    unique(rows, "name")
    unique([row for row in rows if row["practice_cert_no"]], "practice_cert_no")
    codes = {row["fixmedins_code"]: row for row in institutions}
    for row in rows:
        check_practitioner(row, codes)
    check_staff(rows, institutions)


def check_practitioner(row, codes):
    row.among("kind", list(CODE_OF))
    row.matches("code", CODE_OF.get(row["kind"], ".*"))
    row.must("测试" in row["name"], "an invented name must say 测试")
    row.among("state", ["active", "suspended"])
    row.among("insured_doctor", ["0", "1"])
    start = row.date("practice_from")
    row.must(start is None or start <= TODAY, "practice begins in the future")
    if row["kind"] == "courier":
        row.must(not row["institution_code"] and not row["title_code"], "a courier has no institution and no title")
        row.matches("phone", r"1990009\d{4}")
        return
    place = codes.get(row["institution_code"])
    row.must(place is not None, f"unknown institution {row['institution_code']}")
    row.must(row["code"][-12:-6] == row["institution_code"][1:7], "code and institution are in different districts")
    row.matches("title_code", r"23[1-5]" if row["kind"] == "doctor" else r"24[1-5]")
    in_hospital = row["kind"] != "retail_pharmacist"
    row.must(place is None or (place["kind"] != "pharmacy") == in_hospital, "works in the wrong kind of institution")
    row.must(bool(row["department_code"]) == in_hospital, "department belongs to hospital staff alone")
    row.must(bool(row["department_code"]) == bool(row["department_zh"]), "department code and name go together")
    row.must(row["practice_cert_no"], "practice_cert_no is empty")


def check_staff(rows, institutions):
    for place in institutions:
        staff = [row["kind"] for row in rows if row["institution_code"] == place["fixmedins_code"]]
        needed = ["retail_pharmacist"] if place["kind"] == "pharmacy" else ["doctor", "hospital_pharmacist"]
        for kind in needed:
            place.must(kind in staff, f"has no {kind}")
    for region in ("130300", "110000"):
        couriers = [row for row in rows if row["kind"] == "courier" and row["code"][2:8] == region]
        if len(couriers) < 2:
            problem(f"practitioners.tsv: fewer than two couriers in {region}")


def check_slots(rows, practitioners):
    doctors = {row["code"]: row for row in practitioners if row["kind"] == "doctor"}
    unique(rows, "practitioner_code", "start")
    for row in rows:
        doctor = doctors.get(row["practitioner_code"])
        row.must(doctor is not None, f"unknown doctor {row['practitioner_code']}")
        same = doctor is None or doctor["department_code"] == row["department_code"]
        row.must(same, "the doctor is of another department")
        whole(row, "weekday_mask", 1, 127)
        minutes = whole(row, "slot_minutes", 5, 240)
        whole(row, "capacity", 1, 100)
        row.among("mode", ["online", "on_site"])
        times = [row.matches(column, r"([01]\d|2[0-3]):[0-5]\d|24:00") for column in ("start", "end")]
        if all(times) and minutes:
            start, end = (int(row[c][:2]) * 60 + int(row[c][3:]) for c in ("start", "end"))
            row.must(start < end and (end - start) % minutes == 0, "slots do not fill the time from start to end")


# --------------------------------------------------------------------------------------------------------- persons

RELATIONS = set("spouse parent child sibling grandparent grandchild parent_in_law child_in_law other".split())
AGES = {"1402": (0, 6), "1403": (6, 18), "1501": (18, 60), "1601": (60, 120), "1101": (16, 60), "1201": (50, 120)}


def check_guardians(rows, persons):
    """Guardian and child are people of the file, one of age and one not."""
    born = {row["row"]: row["birth_date"] for row in persons}
    of_age = f"{TODAY.year - 18}-{TODAY:%m-%d}"
    unique(rows, "child", "guardian")
    for row in rows:
        row.must(row["child"] in born and of_age < born[row["child"]], f"{row['child']} is no child of persons.tsv")
        row.must(born.get(row["guardian"], "9") <= of_age, f"{row['guardian']} is no adult of persons.tsv")
        row.among("relation", ["parent", "grandparent", "sibling", "designated"])
        row.date("begin")


def check_persons(rows):
    if len(rows) != 300:
        problem(f"persons.tsv: {len(rows)} people instead of 300")
    for column in ("row", "name", "cert_no", "phone"):
        unique(rows, column)
    known = {row["row"] for row in rows}
    for number, row in enumerate(rows, start=1):
        row.must(row["row"] == str(number), "rows must be numbered from 1")
        check_identity(row)
        check_insurances(row)
        for entry in row.listed("chronic", ";"):
            code, _, day = entry.partition(":")
            row.must(re.fullmatch(r"M\d{5}|QHD-L\d{4}", code), f"chronic code `{code}`")
            row.as_date("chronic", day)
        for entry in row.listed("relations", ";"):
            other, _, word = entry.partition(":")
            row.must(other in known and other != row["row"], f"relations: nobody has row {other}")
            row.must(word in RELATIONS, f"relations: unknown word {word}")
        whole(row, "account_balance_fen")
        low_lat, high_lat, low_lng, high_lng = BOXES["13" if number <= 150 else "11"]
        whole(row, "lat_e6", low_lat, high_lat)
        whole(row, "lng_e6", low_lng, high_lng)
        row.must("示例" in row["address"], "an invented address must say 示例")


def check_identity(row):
    row.must(row["name"].startswith("测试"), "an invented name must begin with 测试")
    row.among("cert_type", ["01", "08", "17"])
    row.matches("phone", r"1990000\d{4}")
    birth = row.date("birth_date")
    if row["cert_type"] == "08":
        row.matches("cert_no", r"TEST\d{5}")
        row.among("gender", ["1", "2"])
        return
    if not row.matches("cert_no", r"\d{17}[\dX]"):
        return
    number = row["cert_no"]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number, weights))
    row.must("10X98765432"[total % 11] == number[17], "the check digit does not match")
    row.must(birth is None or number[6:14] == birth.strftime("%Y%m%d"), "cert_no and birth_date differ")
    row.must(row["gender"] == ("1" if int(number[16]) % 2 else "2"), "cert_no and gender differ")
    row.must(birth is None or birth <= TODAY, "born in the future")
    permit = number[:2] in ("81", "82", "83")
    row.must(permit == (row["cert_type"] == "17"), "residence permits have cert_type 17, and only they")


def check_insurances(row):
    birth = row.date("birth_date")
    entries = [entry.split(":") for entry in row.listed("insurances", ";")]
    in_force = []
    for entry in entries:
        if len(entry) not in (5, 6):
            row.bad("insurances: wants insutype:psn_type:region:state:from[:to]")
            continue
        insutype, psn_type, place, state, start = entry[:5]
        since = row.as_date("insurances", start)
        row.must(birth is None or since is None or birth <= since, "insured before birth")
        row.must(insutype in ("310", "390") and psn_type in AGES, f"insurances: {insutype} {psn_type}")
        employee = psn_type[:2] in ("11", "12", "13")
        row.must((insutype == "310") == employee, "psn_type belongs to the other insurance type")
        row.must(re.fullmatch(r"\d{6}", place), f"insurances: place `{place}`")
        row.must(state in ("1", "2", "4"), f"insurances: state `{state}`")
        row.must((state == "4") == (len(entry) == 6), "an ended insurance, and only that, has a last day")
        if state == "1":
            in_force.append(insutype)
            low, high = AGES.get(psn_type, (0, 200))
            age = birth and (TODAY.year - birth.year - ((TODAY.month, TODAY.day) < (birth.month, birth.day)))
            row.must(age is None or low <= age <= high, f"{age} years do not fit psn_type {psn_type}")
    row.must(len(in_force) <= 1, "two insurances in force")
    if row["account_balance_fen"] != "0":
        row.must(any(entry[0] == "310" for entry in entries), "only employees have a personal account")


# ------------------------------------------------------------------------------------------------ prices and stock


def price_of(row, column):
    """A price in millionths of a yuan."""
    if not row.matches(column, r"(0|[1-9]\d*)(\.\d{1,6})?"):
        return None
    yuan, _, rest = row[column].partition(".")
    return int(yuan) * 10**6 + int(rest.ljust(6, "0"))


def check_prices(rows, drugs, institutions):
    unique(rows, "hospital_code", "med_list_codg")
    codes = {row["med_list_codg"] for row in drugs}
    hospitals = {row["fixmedins_code"] for row in institutions if row["kind"] != "pharmacy"}
    for row in rows:
        row.must(row["hospital_code"] in hospitals, f"unknown hospital {row['hospital_code']}")
        row.must(row["med_list_codg"] in codes, f"unknown drug {row['med_list_codg']}")
        price_of(row, "price")
        row.date("valid_from")


def check_stock(rows, drugs, institutions, prices):
    unique(rows, "fixmedins_bchno")
    unique(rows, "pharmacy_code", "med_list_codg", "manu_lotnum")
    by_code = {row["med_list_codg"]: row for row in drugs}
    shops = {row["fixmedins_code"]: row for row in institutions if row["kind"] == "pharmacy"}
    lowest = {}
    for price in prices:
        value = price_of(price, "price")
        if price["hospital_code"].startswith("H1303") and value is not None:
            code = price["med_list_codg"]
            lowest[code] = min(value, lowest.get(code, value))
    for row in rows:
        check_lot(row, by_code, shops, lowest)
    check_trace_blocks(rows, by_code)
    check_shelves(rows, drugs, shops)


def check_lot(row, drugs, shops, lowest):
    shop, drug = shops.get(row["pharmacy_code"]), drugs.get(row["med_list_codg"])
    row.must(shop is not None, f"unknown pharmacy {row['pharmacy_code']}")
    row.must(drug is not None, f"unknown drug {row['med_list_codg']}")
    row.must(row["fixmedins_bchno"].startswith(row["pharmacy_code"]), "fixmedins_bchno belongs to another pharmacy")
    row.must(len(row["fixmedins_bchno"]) <= 30 and len(row["fixmedins_hilist_id"]) <= 30, "a code is longer than C30")
    made, ends = row.date("manu_date"), row.date("expy_end")
    row.must(not (made and ends) or made < ends, "expires before it is made")
    row.must(made is None or made <= TODAY, "made in the future")
    soon = ends is not None and ends < TODAY + datetime.timedelta(days=90)
    row.must(not soon or row["note"].startswith("case:"), "an expired or expiring lot without a case note")
    whole(row, "packs", 1, 9999)
    row.among("set", ["demo", "full"])
    price = price_of(row, "price")
    row.must(price != 0, "price is zero")
    if shop and price and shop["district"].startswith("1303"):
        above = price > lowest.get(row["med_list_codg"], price)
        noted = row["note"] == "case: price above the hospital's"
        row.must(above == noted, "the note and the comparison with the hospital's price differ")


def check_trace_blocks(rows, drugs):
    seen = {}
    for row in rows:
        first, packs = whole(row, "first_serial", 0, 10**13 - 1), whole(row, "packs", 1, 9999)
        drug = drugs.get(row["med_list_codg"])
        if first is None or packs is None or drug is None:
            continue
        for serial in range(first, first + packs):
            code = f"{drug['trace_prefix']}{serial:013d}"
            if code in seen:
                row.bad(f"trace code {code} is already at {seen[code]}")
                break
            seen[code] = row.place


# the two shops that lack a drug on purpose: see the cases in README.md
MISSING_ON_PURPOSE = {("P13030200011", "络活喜"): 2, ("P13030300011", "络活喜"): 1}


def check_shelves(rows, drugs, shops):
    held = {(row["pharmacy_code"], row["med_list_codg"]) for row in rows}
    for code, shop in shops.items():
        if not any(pharmacy == code for pharmacy, _ in held):
            shop.bad("has no stock")
        if not shop["chain"].startswith("QHD"):
            continue
        missing = {}
        for drug in drugs:
            if drug["diseases"] and (code, drug["med_list_codg"]) not in held:
                missing.setdefault(drug["trade_name"], []).append(drug["med_list_codg"])
        for trade, codes in missing.items():
            allowed = MISSING_ON_PURPOSE.get((code, trade), 0)
            shop.must(len(codes) <= allowed, f"lacks the chronic drugs {' '.join(codes)}")


def check_derived():
    spec = importlib.util.spec_from_file_location("gen_seed", ROOT / "scripts" / "gen-seed.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in module.derived().items():
        path = SEED / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            problem(f"{name}: differs from what scripts/gen-seed.py writes")


def main():
    sys.dont_write_bytecode = True
    packs = regions()
    files = {name: load(name) for name in COLUMNS}
    drugs, institutions, practitioners = files["drugs.tsv"], files["institutions.tsv"], files["practitioners.tsv"]
    check_drugs(drugs, packs)
    check_institutions(institutions, packs)
    check_practitioners(practitioners, institutions)
    check_slots(files["slots.tsv"], practitioners)
    check_persons(files["persons.tsv"])
    check_guardians(files["guardians.tsv"], files["persons.tsv"])
    check_prices(files["hospital_prices.tsv"], drugs, institutions)
    check_stock(files["stock.tsv"], drugs, institutions, files["hospital_prices.tsv"])
    if not MISTAKES:
        check_derived()
    for mistake in MISTAKES:
        print(mistake)
    counted = ", ".join(f"{name.removesuffix('.tsv')} {len(rows)}" for name, rows in files.items())
    print(f"{len(MISTAKES)} mistakes; {counted}")
    sys.exit(1 if MISTAKES else 0)


if __name__ == "__main__":
    main()
