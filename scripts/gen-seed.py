#!/usr/bin/env python3
"""Writes the derived seed files again: persons.tsv, hospital_prices.tsv and stock.tsv in deploy/seed.

The other seed files are kept by hand; these three follow from them by fixed rules, without randomness, so a second run
changes nothing. Columns and rules are explained in deploy/seed/README.md. Everybody in persons.tsv is invented.
"""

import csv
import datetime
import hashlib
import pathlib

SEED = pathlib.Path(__file__).resolve().parent.parent / "deploy" / "seed"
TODAY = datetime.date(2026, 11, 22)

# ---------------------------------------------------------------------------------------------------------- tables


def read(name):
    with open(SEED / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def table(columns, rows):
    lines = ["\t".join(columns)] + ["\t".join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


def pick(text, count):
    """A number below `count` that depends on `text` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % count


# --------------------------------------------------------------------------------------------------------- persons

PERSON_COLUMNS = (
    "row name cert_type cert_no gender birth_date phone insurances account_balance_fen chronic relations"
    " lat_e6 lng_e6 address note"
).split()

STEMS = "甲乙丙丁戊己庚辛壬癸"
DIGITS = "一二三四五六七八九"
# area: insured place, prefix of the identity number, latitude and longitude of a street, name of the street
QINHUANGDAO = [
    ("130302", "130302", 39_938_000, 119_598_000, "秦皇岛市海港区示例路"),
    ("130303", "130303", 40_001_000, 119_752_000, "秦皇岛市山海关区示例路"),
    ("130304", "130304", 39_832_000, 119_486_000, "秦皇岛市北戴河区示例路"),
    ("130306", "130323", 39_886_000, 119_242_000, "秦皇岛市抚宁区示例路"),
    ("130322", "130322", 39_711_000, 119_163_000, "秦皇岛市昌黎县示例路"),
]
BEIJING = [
    ("110105", "110105", 39_931_000, 116_452_000, "北京市朝阳区示例路"),
    ("110101", "110101", 39_917_000, 116_413_000, "北京市东城区示例路"),
    ("110102", "110102", 39_912_000, 116_371_000, "北京市西城区示例路"),
    ("110108", "110108", 39_981_000, 116_318_000, "北京市海淀区示例路"),
    ("110106", "110106", 39_866_000, 116_428_000, "北京市丰台区示例路"),
    ("110112", "110112", 39_906_000, 116_655_000, "北京市通州区示例路"),
]
DISEASES = ["M03900", "M01600", "M04600", "QHD-L0501", "QHD-L0502"]


def number_in_chinese(number):
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else DIGITS[tens - 1] + "十")
    return head + (DIGITS[ones - 1] if ones else "")


def identity_number(prefix, birth, serial):
    """GB 11643: 17 digits and the check character."""
    head = f"{prefix}{birth:%Y%m%d}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(head, weights))
    return head + "10X98765432"[total % 11]


def birth_of(row, youngest, oldest):
    """A birth date that makes the person `youngest` to `oldest` full years old today."""
    days = (oldest - youngest) * 365 - 20
    return TODAY - datetime.timedelta(days=youngest * 366 + pick(f"birth{row}", max(days, 1)))


# who: insutype, psn_type, youngest, oldest, highest balance in fen
GROUPS = {
    "worker": ("310", "1101", 22, 58, 800_000),
    "retired": ("310", "1201", 62, 84, 500_000),
    "resident": ("390", "1501", 20, 59, 0),
    "elder": ("390", "1601", 61, 88, 0),
    "pupil": ("390", "1403", 8, 16, 0),
    "toddler": ("390", "1402", 2, 5, 0),
}
MIX = ["worker", "worker", "retired", "worker", "resident", "worker", "elder", "retired", "worker", "resident"]


def plain_person(row):
    """Somebody without a special part."""
    in_qinhuangdao = row <= 150
    areas = QINHUANGDAO if in_qinhuangdao else BEIJING
    area = areas[0] if row % 50 <= 20 else areas[pick(f"area{row}", len(areas))]
    group = "pupil" if row % 37 == 0 else "toddler" if row % 53 == 0 else MIX[row % len(MIX)]
    insutype, psn_type, youngest, oldest, balance = GROUPS[group]
    chronic = []
    if in_qinhuangdao and group not in ("pupil", "toddler"):
        first = pick(f"disease{row}", len(DISEASES))
        chronic.append(f"{DISEASES[first]}:20{22 + row % 4}-0{1 + row % 9}-01")
        if row % 4 == 0:
            chronic.append(f"{DISEASES[(first + 1) % len(DISEASES)]}:2025-0{1 + row % 9}-01")
    return {
        "row": row,
        "name": f"测试{STEMS[(row - 1) % 10]}{number_in_chinese((row - 1) // 10 + 1)}",
        "cert_type": "01",
        "area": area,
        "birth": birth_of(row, youngest, oldest),
        "group": group,
        "account_balance_fen": 100 * pick(f"balance{row}", balance // 100) if balance else 0,
        "chronic": ";".join(chronic),
        "relations": "",
        "note": "",
    }


def as_group(person, group, balance):
    person["group"] = group
    person["birth"] = birth_of(person["row"], *GROUPS[group][2:4])
    person["account_balance_fen"] = balance


def insurance(person, place=None, state="1"):
    """One row; employees begin at 20, residents in the year after birth, and no record is older than 2015."""
    insutype, psn_type = GROUPS[person["group"]][:2]
    since = max(2015, person["birth"].year + (20 if insutype == "310" else 1))
    return f"{insutype}:{psn_type}:{place or person['area'][0]}:{state}:{since}-01-01"


def cast_qinhuangdao(people):
    """The people the Qinhuangdao stories are about."""
    cast = [
        # row, group, balance, chronic registrations, note
        (1, "worker", 300_000, "M03900:2023-03-01;M04600:2024-06-01", "chronic: two diseases, rich account"),
        (2, "worker", 500, "M01600:2022-05-01", "chronic: five yuan in the account, the channel pays the rest"),
        (3, "resident", 0, "M03900:2024-01-01", "chronic: resident without an account"),
        (4, "retired", 120_000, "M03900:2021-01-01;M01600:2021-01-01;M04600:2023-09-01", "chronic: three diseases"),
        (5, "worker", 200_000, "", "refusal: no chronic registration"),
        (6, "worker", 200_000, "M05300:2023-01-01", "refusal: registered for a disease outside the scheme"),
        (7, "worker", 200_000, "M03900:2027-01-01", "refusal: registration begins in the future"),
        (8, "worker", 200_000, "M03900:2023-01-01", "refusal: insurance suspended"),
        (9, "worker", 90_000, "QHD-L0501:2024-02-01", "chronic: hyperthyroidism"),
        (10, "worker", 90_000, "QHD-L0502:2024-02-01", "chronic: hypothyroidism"),
        (11, "resident", 0, "M01600:2025-01-01", "two insurance rows: employee ended, resident in force"),
        (12, "worker", 200_000, "M03900:2023-01-01", "refusal: insured in Shenyang"),
    ]
    for row, group, balance, chronic, note in cast:
        person = people[row]
        person["area"] = QINHUANGDAO[0]
        as_group(person, group, balance)
        person["chronic"] = chronic
        person["note"] = note
    people[8]["insurances"] = insurance(people[8], state="2")
    people[11]["insurances"] = "310:1101:130302:4:2024-01-01:2024-12-31;390:1501:130302:1:2025-01-01"
    people[12]["insurances"] = insurance(people[12], place="210100")


def cast_beijing(people):
    """The people the Beijing stories are about. A relation says who lends to this person, and what the lender is."""
    cast = [
        # row, group, balance, relations, note
        (151, "worker", 1_200, "152:spouse", "otc: own account is short, the spouse's pays the rest"),
        (152, "worker", 500_000, "151:spouse", "otc: lends to 151"),
        (153, "worker", 0, "154:parent", "refusal: the parent is insured in Shijiazhuang"),
        (154, "retired", 300_000, "", "lender insured elsewhere"),
        (155, "worker", 800, "156:parent_in_law", "refusal: parents-in-law are not covered"),
        (156, "retired", 300_000, "", "parent-in-law of 155"),
        (157, "pupil", 0, "158:parent", "otc: child who buys from a parent's account"),
        (158, "worker", 250_000, "", "lends to 157"),
        (159, "worker", 0, "160:sibling", "refusal while nothing is filed: leave this pair unfiled"),
        (160, "worker", 250_000, "", "sibling of 159"),
        (161, "worker", 60_000, "", "residence permit of a Hong Kong resident"),
        (162, "elder", 0, "152:child;158:grandchild", "otc: resident with two lenders"),
    ]
    for row, group, balance, relations, note in cast:
        person = people[row]
        person["area"] = BEIJING[0]
        as_group(person, group, balance)
        person["relations"] = relations
        person["note"] = note
    people[154]["insurances"] = insurance(people[154], place="130100")
    people[161]["cert_type"] = "17"
    people[161]["area"] = ("110105", "810000") + BEIJING[0][2:]
    people[190]["cert_type"] = "08"
    people[190]["note"] = "passport of a foreigner: the number says neither birth nor sex"


def relate(people):
    """Pairs up every sixth plain person with the next one."""
    for row in [*range(20, 145, 6), *range(170, 295, 6)]:
        patient, lender = people[row], people[row + 1]
        gap = patient["birth"].year - lender["birth"].year
        word = "parent" if gap > 18 else "child" if gap < -18 else ("spouse", "sibling")[row % 4 // 2]
        patient["relations"] = f"{row + 1}:{word}"


def finish_person(person):
    row, area, birth = person["row"], person["area"], person["birth"]
    serial = 1 + (row * 7) % 990
    gender = "1" if serial % 2 else "2"
    street = 1 + pick(f"street{row}", 200)
    return {"insurances": insurance(person)} | person | {
        "cert_no": f"TEST{row:05d}" if person["cert_type"] == "08" else identity_number(area[1], birth, serial),
        "gender": gender,
        "birth_date": birth.isoformat(),
        "phone": f"1990000{row:04d}",
        "lat_e6": area[2] + 10 * pick(f"lat{row}", 900),
        "lng_e6": area[3] + 10 * pick(f"lng{row}", 900),
        "address": f"{area[4]}{street}号",
    }


def persons():
    people = {row: plain_person(row) for row in range(1, 301)}
    cast_qinhuangdao(people)
    cast_beijing(people)
    relate(people)
    return [finish_person(person) for person in people.values()]


# ----------------------------------------------------------------------------------------------- prices and stock

PRICE_COLUMNS = "hospital_code med_list_codg hospital_drug_code price valid_from note".split()
STOCK_COLUMNS = (
    "pharmacy_code fixmedins_bchno med_list_codg fixmedins_hilist_id price manu_lotnum manu_date expy_end packs"
    " first_serial supplier set note"
).split()

SUPPLIERS = ["示例医药批发有限公司", "示例医药物流有限公司"]
# the small set that a quick start loads: drug by generic name, trade name, strength and pack
DEMO_CHRONIC = [
    ("苯磺酸氨氯地平片", "络活喜", "5mg", "7片"),
    ("苯磺酸氨氯地平片", "络活喜", "5mg", "28片"),
    ("苯磺酸氨氯地平片", "压氏达", "5mg", "7片"),
    ("阿托伐他汀钙片", "立普妥", "20mg", "7片"),
    ("阿托伐他汀钙片", "阿乐", "20mg", "7片"),
    ("盐酸二甲双胍片", "格华止", "0.5g", "20片"),
    ("阿卡波糖片", "拜唐苹", "50mg", "30片"),
    ("甘精胰岛素注射液", "来得时", "3ml:300单位", "1支"),
    ("阿司匹林肠溶片", "拜阿司匹灵", "100mg", "30片"),
    ("替格瑞洛片", "倍林达", "90mg", "14片"),
    ("甲巯咪唑片", "赛治", "10mg", "50片"),
    ("左甲状腺素钠片", "优甲乐", "50μg", "100片"),
]
DEMO_OTC = [
    ("感冒灵颗粒", "999", "10g", "9袋"),
    ("布洛芬缓释胶囊", "芬必得", "0.3g", "20粒"),
    ("连花清瘟胶囊", "", "0.35g", "24粒"),
    ("蒙脱石散", "思密达", "3g", "10袋"),
    ("盐酸小檗碱片", "", "0.1g", "24片"),
    ("盐酸小檗碱片", "", "0.1g", "100片"),
    ("双歧杆菌三联活菌胶囊", "培菲康", "210mg", "24粒"),
    ("健胃消食片", "", "0.8g", "32片"),
    ("碳酸钙D3片", "钙尔奇", "600mg/125IU", "60片"),
    ("风油精", "", "3ml", "1瓶"),
    ("阿莫西林胶囊", "", "0.5g", "24粒"),
    ("氨酚伪麻美芬片II", "", "复方", "12片"),
]


def name_of(drug):
    return (drug["generic_name_zh"], drug["trade_name"], drug["strength"], drug["pack"])


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02d}"


def chronic(drug):
    return drug["diseases"] != ""


def sold_in_beijing(drug, shop_index):
    """Beijing shops hold the non-prescription drugs, and some prescription packs that an OTC basket must refuse."""
    otc = drug["otc_class"] != ""
    on_shelf = not chronic(drug) and drug["controlled_class"] == "none" and drug["storage"] != "cold_2_8"
    if not otc and not on_shelf:
        return False
    return shop_index < 4 or name_of(drug) in DEMO_OTC or pick(f"{shop_index}{drug['med_list_codg']}", 10) < 5


def hospital_prices(drugs, hospitals):
    rows = []
    for hospital in hospitals:
        for index, drug in enumerate(drugs):
            if chronic(drug):
                rows.append({
                    "hospital_code": hospital["fixmedins_code"],
                    "med_list_codg": drug["med_list_codg"],
                    "hospital_drug_code": f"YY{index + 1:05d}",
                    "price": yuan(int(drug["reference_price_fen"])),
                    "valid_from": "2026-01-01",
                })
    return rows


class Shelf:
    """The stock rows of one pharmacy."""

    def __init__(self, shop_index, shop):
        self.shop_index, self.shop, self.rows = shop_index, shop, []

    def put(self, drug_index, drug, price_fen, packs, expires=None, note=""):
        code = self.shop["fixmedins_code"]
        number = len(self.rows) + 1
        batch = f"{'ABCDEF'[pick(code, 6)]}{drug_index + 1:03d}"
        made = datetime.date(2025, 6, 1) + datetime.timedelta(days=pick(batch, 330))
        years = 2 if drug["storage"] == "cold_2_8" else 3
        if expires is None:
            expires = made.replace(year=made.year + years, day=min(made.day, 28))
        else:
            made = expires.replace(year=expires.year - years, day=min(expires.day, 28))
        lot = f"{made:%y%m}{batch}"
        demo = name_of(drug) in DEMO_CHRONIC + DEMO_OTC
        self.rows.append({
            "pharmacy_code": code,
            "fixmedins_bchno": f"{code}-{number:04d}",
            "med_list_codg": drug["med_list_codg"],
            "fixmedins_hilist_id": f"SP{drug_index + 1:05d}",
            "price": yuan(price_fen),
            "manu_lotnum": lot,
            "manu_date": made.isoformat(),
            "expy_end": expires.isoformat(),
            "packs": packs,
            "first_serial": self.shop_index * 10**9 + number * 10**4,
            "supplier": SUPPLIERS[pick(lot, 2)],
            "set": "demo" if demo else "full",
            "note": note,
        })


def qinhuangdao_shelf(shelf, drugs):
    """Chronic drugs at or below the hospital's price; the exceptions are the cases of README.md."""
    code = shelf.shop["fixmedins_code"]
    is_hospital = shelf.shop["hospital_owner"] != ""
    percent = 100 if is_hospital else (98, 100, 97, 99, 96)[shelf.shop_index % 5]
    for index, drug in enumerate(drugs):
        name = name_of(drug)
        if not chronic(drug) or (is_hospital and name not in DEMO_CHRONIC and pick(name[0], 3) != 0):
            continue
        price = int(drug["reference_price_fen"]) * percent // 100
        packs, note = 6 + pick(f"{code}{index}", 10), ""
        amlodipine = name[:2] == ("苯磺酸氨氯地平片", "络活喜")
        if code == "P13030300001" and name in (DEMO_CHRONIC[0], DEMO_CHRONIC[5]):
            price, note = int(drug["reference_price_fen"]) * 112 // 100, "case: price above the hospital's"
        if code == "P13030200011" and amlodipine:
            continue  # case: other maker only
        if code == "P13030300011" and name == DEMO_CHRONIC[0]:
            continue  # case: other specification only
        if code == "P13030200012" and name == DEMO_CHRONIC[0]:
            packs, note = 1, "case: a single pack left"
        if code == "P13030200001" and name == DEMO_CHRONIC[0]:
            shelf.put(index, drug, price, 5, datetime.date(2026, 10, 31), "case: expired lot")
            shelf.put(index, drug, price, 4, datetime.date(2026, 12, 15), "case: about to expire, goes first")
            packs, note = 200, "case: fresh lot, goes last; the table of states is played from this shelf"
        if code == "P13030200001" and drug["med_list_codg"] == "XC10AAA595A001010100100":
            packs, note = 120, "case: the table of states is played from this shelf"
        if code == "P13030200002" and name == DEMO_CHRONIC[3]:
            shelf.put(index, drug, price, 3, datetime.date(2026, 12, 1), "case: about to expire, goes first")
        if code == "P13030400001" and name == DEMO_CHRONIC[5]:
            shelf.put(index, drug, price, 8, datetime.date(2026, 11, 21), "case: the only lot expired yesterday")
            continue
        shelf.put(index, drug, price, packs, None, note)


def beijing_shelf(shelf, drugs):
    code = shelf.shop["fixmedins_code"]
    percent = (100, 102, 98, 99, 101)[shelf.shop_index % 5]
    for index, drug in enumerate(drugs):
        if not sold_in_beijing(drug, shelf.shop_index - 100):
            continue
        price = int(drug["reference_price_fen"]) * percent // 100
        name = name_of(drug)
        if code == "P11010500001" and name == DEMO_OTC[0]:
            shelf.put(index, drug, price, 5, datetime.date(2026, 10, 31), "case: expired lot")
            shelf.put(index, drug, price, 4, datetime.date(2026, 12, 10), "case: about to expire, goes first")
        shelf.put(index, drug, price, 5 + pick(f"{code}{index}", 6))


def stock(drugs, pharmacies):
    rows, beijing = [], 100
    for index, shop in enumerate(pharmacies, start=1):
        if shop["district"].startswith("1303"):
            shelf = Shelf(index, shop)
            qinhuangdao_shelf(shelf, drugs)
        else:
            shelf = Shelf(beijing, shop)
            beijing += 1
            beijing_shelf(shelf, drugs)
        rows += shelf.rows
    return rows


def derived():
    """Name and text of every derived file."""
    drugs = read("drugs.tsv")
    institutions = read("institutions.tsv")
    hospitals = [row for row in institutions if row["kind"] != "pharmacy"]
    pharmacies = [row for row in institutions if row["kind"] == "pharmacy"]
    return {
        "persons.tsv": table(PERSON_COLUMNS, persons()),
        "hospital_prices.tsv": table(PRICE_COLUMNS, hospital_prices(drugs, hospitals)),
        "stock.tsv": table(STOCK_COLUMNS, stock(drugs, pharmacies)),
    }


def main():
    for name, text in derived().items():
        (SEED / name).write_text(text, encoding="utf-8")
        print(f"{name}: {text.count(chr(10)) - 1} rows")


if __name__ == "__main__":
    main()
