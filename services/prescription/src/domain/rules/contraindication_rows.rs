//! The contraindication table: data only. Every row rests on the label of the drug it names, in our own words; labels
//! differ by maker and change. A pharmacist reviews the table before release. Severities as in the interaction table.

use super::Severity::{self, Block, Note, Warn};
use super::contraindications::{Row, State};
use super::groups::Group::{self, *};
use State::{AgeBelow, AgeFrom, Disease, EgfrBelow, Lactating, PregnantFrom};

const fn row(
    drug: Group,
    state: State,
    severity: Severity,
    statement: &'static str,
    source: &'static str,
) -> Row {
    Row { drug, state, severity, statement, source }
}

#[rustfmt::skip]
const ASTHMA: State = Disease("asthma", &["J45", "J46", "M05400"]);
#[rustfmt::skip]
const COPD: State = Disease("copd", &["J44", "M05300"]);
#[rustfmt::skip]
const SLOW_CONDUCTION: State = Disease("slow_conduction", &["I44", "I49.5", "R00.1"]);
#[rustfmt::skip]
const HEART_FAILURE: State = Disease("heart_failure", &["I50"]);
#[rustfmt::skip]
const CORONARY_DISEASE: State = Disease("coronary_disease", &["I20", "I21", "I22", "I24", "I25", "M04600"]);
#[rustfmt::skip]
const ACUTE_HEART_ATTACK: State = Disease("acute_heart_attack", &["I21", "I22"]);
#[rustfmt::skip]
const CHRONIC_CORONARY_DISEASE: State = Disease("chronic_coronary_disease", &["I20", "I24", "I25", "M04600"]);
#[rustfmt::skip]
const HYPERTHYROIDISM: State = Disease("hyperthyroidism", &["E05", "QHD-L0501"]);
#[rustfmt::skip]
const THYROID_DISEASE: State = Disease("thyroid_disease", &["E03", "E05", "QHD-L0501", "QHD-L0502"]);
#[rustfmt::skip]
const THICK_HEART_MUSCLE: State = Disease("thick_heart_muscle", &["I42.1"]);
#[rustfmt::skip]
const GLAUCOMA: State = Disease("glaucoma", &["H40"]);
#[rustfmt::skip]
const DEPRESSION: State = Disease("depression", &["F32", "F33"]);
#[rustfmt::skip]
const PEPTIC_ULCER: State = Disease("peptic_ulcer", &["K25", "K26", "K27", "K28"]);
#[rustfmt::skip]
const ACTIVE_BLEEDING: State = Disease("active_bleeding", &["K92.2", "I60", "I61", "I62"]);
#[rustfmt::skip]
const GOUT: State = Disease("gout", &["M10"]);
#[rustfmt::skip]
const ANGIO_OEDEMA: State = Disease("angio_oedema", &["T78.3", "D84.1"]);
#[rustfmt::skip]
const RENAL_ARTERY_STENOSIS: State = Disease("renal_artery_stenosis", &["I70.1"]);
#[rustfmt::skip]
const HIGH_POTASSIUM: State = Disease("high_potassium", &["E87.5"]);
#[rustfmt::skip]
const ACTIVE_LIVER_DISEASE: State = Disease("active_liver_disease", &["B15", "B16", "B17", "B18", "K70", "K71", "K72", "K73", "K74"]);
#[rustfmt::skip]
const LIVER_FAILURE: State = Disease("liver_failure_or_cirrhosis", &["K70", "K72", "K74"]);
#[rustfmt::skip]
const LOW_WHITE_CELLS: State = Disease("low_white_cells", &["D70"]);
#[rustfmt::skip]
const ACIDOSIS: State = Disease("acidosis", &["E10.1", "E11.1", "E13.1", "E14.1", "E87.2"]);
#[rustfmt::skip]
const KETOACIDOSIS: State = Disease("ketoacidosis", &["E10.1", "E11.1", "E13.1", "E14.1"]);
#[rustfmt::skip]
const TYPE_1_DIABETES: State = Disease("type_1_diabetes", &["E10"]);
#[rustfmt::skip]
const PANCREATITIS: State = Disease("pancreatitis", &["K85", "K86.1"]);
#[rustfmt::skip]
const MEDULLARY_THYROID_CANCER: State = Disease("medullary_thyroid_cancer", &["C73"]);
#[rustfmt::skip]
const BOWEL_OBSTRUCTION: State = Disease("bowel_obstruction", &["K56", "K50", "K51"]);
#[rustfmt::skip]
const BLADDER_CANCER: State = Disease("bladder_cancer", &["C67"]);
#[rustfmt::skip]
const PARKINSON: State = Disease("parkinson", &["G20", "M02300"]);

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(AceInhibitor, PregnantFrom(1), Block, "harms the unborn: stop as soon as pregnancy is known", "依那普利说明书【孕妇及哺乳期妇女用药】"),
    row(Arb, PregnantFrom(1), Block, "harms the unborn: stop as soon as pregnancy is known", "缬沙坦说明书【孕妇及哺乳期妇女用药】"),
    row(Aliskiren, PregnantFrom(1), Block, "harms the unborn", "阿利吉仑说明书【孕妇及哺乳期妇女用药】"),
    row(Statin, PregnantFrom(1), Block, "forbidden in pregnancy", "阿托伐他汀说明书【禁忌】"),
    row(Warfarin, PregnantFrom(1), Block, "malformations and bleeding of the unborn", "华法林说明书【禁忌】"),
    row(Amiodarone, PregnantFrom(1), Block, "thyroid of the unborn is harmed", "胺碘酮说明书【禁忌】"),
    row(Methimazole, PregnantFrom(1), Warn, "malformations in the first months: propylthiouracil then, lowest dose later", "甲巯咪唑说明书【孕妇及哺乳期妇女用药】"),
    row(Propylthiouracil, PregnantFrom(1), Warn, "lowest dose, liver injury: change after the first months", "丙硫氧嘧啶说明书【孕妇及哺乳期妇女用药】"),
    row(PotassiumSparing, PregnantFrom(1), Warn, "only where the gain is clear", "螺内酯说明书【孕妇及哺乳期妇女用药】"),
    row(Thiazide, PregnantFrom(1), Warn, "only where the gain is clear", "氢氯噻嗪说明书【孕妇及哺乳期妇女用药】"),
    row(BetaBlocker, PregnantFrom(1), Warn, "growth of the unborn and a slow heart of the new-born", "比索洛尔说明书【孕妇及哺乳期妇女用药】"),
    row(Nifedipine, PregnantFrom(1), Warn, "forbidden before week 20, later only by a specialist", "硝苯地平说明书【孕妇及哺乳期妇女用药】"),
    row(Sulfonylurea, PregnantFrom(1), Block, "forbidden in pregnancy: insulin instead", "格列美脲说明书【禁忌】"),
    row(Glinide, PregnantFrom(1), Block, "forbidden in pregnancy: insulin instead", "瑞格列奈说明书【禁忌】"),
    row(Metformin, PregnantFrom(1), Warn, "not recommended: insulin instead", "二甲双胍说明书【孕妇及哺乳期妇女用药】"),
    row(Pioglitazone, PregnantFrom(1), Block, "forbidden in pregnancy", "吡格列酮说明书【禁忌】"),
    row(Dpp4, PregnantFrom(1), Warn, "not to be used in pregnancy", "西格列汀说明书【孕妇及哺乳期妇女用药】"),
    row(Sglt2, PregnantFrom(1), Warn, "not recommended, from the second trimester on not to be used", "达格列净说明书【孕妇及哺乳期妇女用药】"),
    row(Glp1, PregnantFrom(1), Block, "not to be used; stop two months before for the weekly one", "司美格鲁肽说明书【孕妇及哺乳期妇女用药】"),
    row(GlucosidaseInhibitor, PregnantFrom(1), Warn, "not to be used: no good studies", "阿卡波糖说明书【孕妇及哺乳期妇女用药】"),
    row(Ivabradine, PregnantFrom(1), Block, "harms the unborn", "伊伐布雷定说明书【禁忌】"),
    row(XaInhibitor, PregnantFrom(1), Block, "forbidden in pregnancy", "利伐沙班说明书【禁忌】"),
    row(Dabigatran, PregnantFrom(1), Warn, "not to be used unless there is no other way", "达比加群酯说明书【孕妇及哺乳期妇女用药】"),
    row(Ticagrelor, PregnantFrom(1), Warn, "not recommended", "替格瑞洛说明书【孕妇及哺乳期妇女用药】"),
    row(Ezetimibe, PregnantFrom(1), Warn, "only where the gain is clear; with a statin forbidden", "依折麦布说明书【孕妇及哺乳期妇女用药】"),
    row(Fibrate, PregnantFrom(1), Warn, "only where the gain is clear", "非诺贝特说明书【孕妇及哺乳期妇女用药】"),
    row(Nsaid, PregnantFrom(28), Block, "closes a vessel of the unborn in the last months", "布洛芬说明书【孕妇及哺乳期妇女用药】"),
    row(Nsaid, PregnantFrom(1), Warn, "lowest dose, shortest time", "布洛芬说明书【孕妇及哺乳期妇女用药】"),
    row(Iodine, PregnantFrom(1), Warn, "goitre and slow thyroid of the unborn", "碘化钾说明书【孕妇及哺乳期妇女用药】"),
    row(Colchicine, PregnantFrom(1), Block, "forbidden in pregnancy", "秋水仙碱说明书【禁忌】"),
    row(Statin, Lactating, Block, "forbidden while breast-feeding", "瑞舒伐他汀说明书【禁忌】"),
    row(Sulfonylurea, Lactating, Block, "low sugar of the child", "格列美脲说明书【禁忌】"),
    row(Glinide, Lactating, Block, "forbidden while breast-feeding", "瑞格列奈说明书【禁忌】"),
    row(Metformin, Lactating, Warn, "passes into milk: weigh it", "二甲双胍说明书【孕妇及哺乳期妇女用药】"),
    row(Sglt2, Lactating, Warn, "not to be used while breast-feeding", "达格列净说明书【孕妇及哺乳期妇女用药】"),
    row(Glp1, Lactating, Warn, "not to be used while breast-feeding", "司美格鲁肽说明书【孕妇及哺乳期妇女用药】"),
    row(Pioglitazone, Lactating, Block, "forbidden while breast-feeding", "吡格列酮说明书【孕妇及哺乳期妇女用药】"),
    row(Amiodarone, Lactating, Block, "passes into milk with its iodine", "胺碘酮说明书【禁忌】"),
    row(Ivabradine, Lactating, Block, "forbidden while breast-feeding", "伊伐布雷定说明书【禁忌】"),
    row(XaInhibitor, Lactating, Block, "forbidden while breast-feeding", "利伐沙班说明书【禁忌】"),
    row(AceInhibitor, Lactating, Warn, "passes into milk: another drug for the new-born's sake", "依那普利说明书【孕妇及哺乳期妇女用药】"),
    row(Arb, Lactating, Warn, "not recommended while breast-feeding", "缬沙坦说明书【孕妇及哺乳期妇女用药】"),
    row(Methimazole, Lactating, Note, "low doses only, watch the child's thyroid", "甲巯咪唑说明书【孕妇及哺乳期妇女用药】"),
    row(Colchicine, Lactating, Block, "forbidden while breast-feeding", "秋水仙碱说明书【禁忌】"),
    row(Metformin, EgfrBelow(30), Block, "forbidden: lactic acidosis", "二甲双胍说明书【禁忌】"),
    row(Metformin, EgfrBelow(45), Warn, "do not begin; at most half of the highest dose", "二甲双胍说明书【用法用量】"),
    row(Sulfonylurea, EgfrBelow(30), Block, "severe kidney disease: insulin instead", "格列美脲说明书【禁忌】"),
    row(Sulfonylurea, EgfrBelow(60), Note, "low sugar lasts longer: low dose", "格列齐特说明书【注意事项】"),
    row(GlucosidaseInhibitor, EgfrBelow(25), Block, "forbidden below a clearance of 25", "阿卡波糖说明书【禁忌】"),
    row(Sglt2, EgfrBelow(30), Warn, "do not begin for sugar; forbidden on dialysis", "达格列净说明书【用法用量】"),
    row(Sglt2, EgfrBelow(45), Note, "little effect on sugar", "达格列净说明书【用法用量】"),
    row(Saxagliptin, EgfrBelow(45), Note, "half of the dose", "沙格列汀说明书【用法用量】"),
    row(Dpp4, EgfrBelow(45), Note, "lower dose, linagliptin excepted", "西格列汀说明书【用法用量】"),
    row(Rosuvastatin, EgfrBelow(30), Block, "forbidden in severe kidney disease", "瑞舒伐他汀说明书【禁忌】"),
    row(Fibrate, EgfrBelow(30), Block, "forbidden in severe kidney disease", "非诺贝特说明书【禁忌】"),
    row(Fibrate, EgfrBelow(60), Warn, "lower dose", "非诺贝特说明书【用法用量】"),
    row(PotassiumSparing, EgfrBelow(30), Block, "dangerous potassium", "螺内酯说明书【禁忌】"),
    row(PotassiumSparing, EgfrBelow(60), Note, "check potassium often", "螺内酯说明书【注意事项】"),
    row(Thiazide, EgfrBelow(30), Warn, "without effect, and harmful", "氢氯噻嗪说明书【注意事项】"),
    row(AceInhibitor, EgfrBelow(30), Warn, "lower dose, check potassium and creatinine", "依那普利说明书【用法用量】"),
    row(Arb, EgfrBelow(30), Warn, "little experience: check potassium and creatinine", "缬沙坦说明书【注意事项】"),
    row(Digoxin, EgfrBelow(60), Note, "lower dose, measure it", "地高辛说明书【用法用量】"),
    row(Dabigatran, EgfrBelow(30), Block, "forbidden in severe kidney disease", "达比加群酯说明书【禁忌】"),
    row(XaInhibitor, EgfrBelow(15), Block, "not to be used", "利伐沙班说明书【用法用量】"),
    row(XaInhibitor, EgfrBelow(50), Warn, "lower dose for some indications", "利伐沙班说明书【用法用量】"),
    row(Heparin, EgfrBelow(30), Warn, "lower dose", "依诺肝素钠说明书【用法用量】"),
    row(Trimetazidine, EgfrBelow(30), Block, "forbidden in severe kidney disease", "曲美他嗪说明书【禁忌】"),
    row(Trimetazidine, EgfrBelow(60), Warn, "lower dose", "曲美他嗪说明书【用法用量】"),
    row(Nsaid, EgfrBelow(30), Block, "forbidden in severe kidney disease", "布洛芬说明书【禁忌】"),
    row(Nsaid, EgfrBelow(60), Warn, "the kidney may be injured", "布洛芬说明书【注意事项】"),
    row(Colchicine, EgfrBelow(30), Block, "forbidden in severe kidney disease", "秋水仙碱说明书【禁忌】"),
    row(Ranolazine, EgfrBelow(30), Block, "forbidden in severe kidney disease", "雷诺嗪说明书【禁忌】"),
    row(Aspirin, AgeBelow(16), Warn, "Reye syndrome with a fever of viruses", "阿司匹林肠溶片说明书【儿童用药】"),
    row(Statin, AgeBelow(10), Warn, "no experience in small children", "阿托伐他汀说明书【儿童用药】"),
    row(Sulfonylurea, AgeBelow(18), Warn, "not established for children", "格列美脲说明书【儿童用药】"),
    row(Sglt2, AgeBelow(18), Warn, "not established for children", "达格列净说明书【儿童用药】"),
    row(Dpp4, AgeBelow(18), Warn, "not established for children", "西格列汀说明书【儿童用药】"),
    row(Pioglitazone, AgeBelow(18), Warn, "not recommended for children", "吡格列酮说明书【儿童用药】"),
    row(Metformin, AgeBelow(10), Warn, "not for children under ten", "二甲双胍说明书【儿童用药】"),
    row(Fluoroquinolone, AgeBelow(18), Block, "forbidden under eighteen", "左氧氟沙星说明书【儿童用药】"),
    row(Propylthiouracil, AgeBelow(18), Warn, "severe liver injury of children", "丙硫氧嘧啶说明书【儿童用药】"),
    row(Glibenclamide, AgeFrom(65), Warn, "long low sugar of the old: another drug", "格列本脲说明书【老年用药】"),
    row(Digoxin, AgeFrom(75), Note, "lower dose", "地高辛说明书【老年用药】"),
    row(Dabigatran, AgeFrom(80), Warn, "lower dose", "达比加群酯说明书【用法用量】"),
    row(Levothyroxine, AgeFrom(65), Note, "begin low, go slow", "左甲状腺素钠说明书【老年用药】"),
    row(Nsaid, AgeFrom(75), Warn, "lowest dose, shortest time", "双氯芬酸说明书【老年用药】"),
    row(WideBetaBlocker, ASTHMA, Block, "narrows the airways", "普萘洛尔说明书【禁忌】"),
    row(BetaBlocker, ASTHMA, Warn, "narrows the airways: cardioselective and with care only", "比索洛尔说明书【禁忌】"),
    row(WideBetaBlocker, COPD, Warn, "narrows the airways", "普萘洛尔说明书【禁忌】"),
    row(BetaBlocker, SLOW_CONDUCTION, Block, "slow heart, heart block, sick sinus", "酒石酸美托洛尔说明书【禁忌】"),
    row(RateLimitingCcb, SLOW_CONDUCTION, Block, "slow heart, heart block, sick sinus", "地尔硫䓬说明书【禁忌】"),
    row(Ivabradine, SLOW_CONDUCTION, Block, "slow heart, heart block, sick sinus", "伊伐布雷定说明书【禁忌】"),
    row(Digoxin, SLOW_CONDUCTION, Warn, "heart block grows", "地高辛说明书【禁忌】"),
    row(RateLimitingCcb, HEART_FAILURE, Block, "weakens the heart", "地尔硫䓬说明书【禁忌】"),
    row(Pioglitazone, HEART_FAILURE, Block, "holds water: forbidden in heart failure", "吡格列酮说明书【禁忌】"),
    row(Saxagliptin, HEART_FAILURE, Warn, "more admissions for heart failure", "沙格列汀说明书【注意事项】"),
    row(Cilostazol, HEART_FAILURE, Block, "forbidden in heart failure", "西洛他唑说明书【禁忌】"),
    row(Nsaid, HEART_FAILURE, Warn, "holds water; forbidden when severe", "布洛芬说明书【禁忌】"),
    row(Dronedarone, HEART_FAILURE, Block, "forbidden in heart failure that is not stable", "决奈达隆说明书【禁忌】"),
    row(Nsaid, CORONARY_DISEASE, Warn, "more heart attacks: lowest dose, shortest time", "双氯芬酸说明书【注意事项】"),
    row(Levothyroxine, ACUTE_HEART_ATTACK, Block, "forbidden in an acute heart attack", "左甲状腺素钠说明书【禁忌】"),
    row(Levothyroxine, CHRONIC_CORONARY_DISEASE, Warn, "begin with the lowest dose: angina", "左甲状腺素钠说明书【注意事项】"),
    row(Levothyroxine, HYPERTHYROIDISM, Warn, "forbidden while the thyroid is overactive and untreated", "左甲状腺素钠说明书【禁忌】"),
    row(Amiodarone, THYROID_DISEASE, Warn, "its iodine upsets the thyroid further", "胺碘酮说明书【注意事项】"),
    row(Iodine, HYPERTHYROIDISM, Warn, "only before an operation or in a crisis", "碘化钾说明书【注意事项】"),
    row(Digoxin, THICK_HEART_MUSCLE, Block, "narrows the way out of the heart", "地高辛说明书【禁忌】"),
    row(Nitrate, GLAUCOMA, Warn, "pressure of the eye may rise", "硝酸甘油说明书【注意事项】"),
    row(Reserpine, DEPRESSION, Block, "may deepen it to suicide", "复方利血平氨苯蝶啶片说明书【禁忌】"),
    row(Reserpine, PEPTIC_ULCER, Block, "forbidden with an active ulcer", "复方利血平氨苯蝶啶片说明书【禁忌】"),
    row(Aspirin, PEPTIC_ULCER, Block, "forbidden with an active ulcer", "阿司匹林肠溶片说明书【禁忌】"),
    row(Nsaid, PEPTIC_ULCER, Block, "forbidden with an active ulcer", "布洛芬说明书【禁忌】"),
    row(Clopidogrel, ACTIVE_BLEEDING, Block, "forbidden with active bleeding", "氯吡格雷说明书【禁忌】"),
    row(Ticagrelor, ACTIVE_BLEEDING, Block, "forbidden with active bleeding or a bleed in the skull before", "替格瑞洛说明书【禁忌】"),
    row(Warfarin, ACTIVE_BLEEDING, Block, "forbidden with active bleeding", "华法林说明书【禁忌】"),
    row(XaInhibitor, ACTIVE_BLEEDING, Block, "forbidden with active bleeding", "利伐沙班说明书【禁忌】"),
    row(Thiazide, GOUT, Warn, "uric acid rises", "氢氯噻嗪说明书【注意事项】"),
    row(LoopDiuretic, GOUT, Warn, "uric acid rises", "呋塞米说明书【注意事项】"),
    row(Aspirin, GOUT, Note, "low doses keep uric acid back", "阿司匹林肠溶片说明书【注意事项】"),
    row(AceInhibitor, ANGIO_OEDEMA, Block, "forbidden after angio-oedema", "依那普利说明书【禁忌】"),
    row(Sacubitril, ANGIO_OEDEMA, Block, "forbidden after angio-oedema", "沙库巴曲缬沙坦说明书【禁忌】"),
    row(AceInhibitor, RENAL_ARTERY_STENOSIS, Warn, "kidney failure with both sides narrowed", "依那普利说明书【注意事项】"),
    row(Arb, RENAL_ARTERY_STENOSIS, Warn, "kidney failure with both sides narrowed", "缬沙坦说明书【注意事项】"),
    row(AceInhibitor, HIGH_POTASSIUM, Warn, "potassium rises further", "依那普利说明书【注意事项】"),
    row(Arb, HIGH_POTASSIUM, Warn, "potassium rises further", "缬沙坦说明书【注意事项】"),
    row(PotassiumSparing, HIGH_POTASSIUM, Block, "potassium rises further", "螺内酯说明书【禁忌】"),
    row(Statin, ACTIVE_LIVER_DISEASE, Block, "forbidden in active liver disease", "阿托伐他汀说明书【禁忌】"),
    row(Fibrate, ACTIVE_LIVER_DISEASE, Block, "forbidden in liver disease", "非诺贝特说明书【禁忌】"),
    row(Pioglitazone, ACTIVE_LIVER_DISEASE, Warn, "not to be begun with raised liver enzymes", "吡格列酮说明书【注意事项】"),
    row(Metformin, LIVER_FAILURE, Warn, "lactic acidosis", "二甲双胍说明书【注意事项】"),
    row(Propylthiouracil, ACTIVE_LIVER_DISEASE, Block, "severe liver injury", "丙硫氧嘧啶说明书【禁忌】"),
    row(Antithyroid, LOW_WHITE_CELLS, Block, "forbidden after bone-marrow injury", "甲巯咪唑说明书【禁忌】"),
    row(Metformin, ACIDOSIS, Block, "forbidden in ketoacidosis", "二甲双胍说明书【禁忌】"),
    row(Sulfonylurea, KETOACIDOSIS, Block, "insulin instead", "格列美脲说明书【禁忌】"),
    row(Sulfonylurea, TYPE_1_DIABETES, Block, "insulin instead", "格列美脲说明书【禁忌】"),
    row(Glinide, TYPE_1_DIABETES, Block, "insulin instead", "瑞格列奈说明书【禁忌】"),
    row(Pioglitazone, TYPE_1_DIABETES, Block, "insulin instead", "吡格列酮说明书【禁忌】"),
    row(Sglt2, TYPE_1_DIABETES, Block, "ketoacidosis", "达格列净说明书【禁忌】"),
    row(Sglt2, KETOACIDOSIS, Block, "ketoacidosis", "达格列净说明书【注意事项】"),
    row(Dpp4, PANCREATITIS, Warn, "not to be begun after pancreatitis", "西格列汀说明书【注意事项】"),
    row(Glp1, PANCREATITIS, Warn, "not to be begun after pancreatitis", "利拉鲁肽说明书【注意事项】"),
    row(Glp1, MEDULLARY_THYROID_CANCER, Block, "forbidden with medullary thyroid cancer", "司美格鲁肽说明书【禁忌】"),
    row(GlucosidaseInhibitor, BOWEL_OBSTRUCTION, Block, "gas: forbidden in bowel disease", "阿卡波糖说明书【禁忌】"),
    row(Pioglitazone, BLADDER_CANCER, Block, "forbidden with bladder cancer", "吡格列酮说明书【禁忌】"),
    row(Trimetazidine, PARKINSON, Block, "forbidden in Parkinson disease", "曲美他嗪说明书【禁忌】"),
];
