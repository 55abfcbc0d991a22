//! Groups of drugs that the tables speak of: data, and who belongs to them.
//!
//! A drug belongs to a group by the class part of its national code (ATC-like) or by a part of its Chinese generic name,
//! which also finds combinations. What is used on the skin, in eyes, ears or nose belongs to none: the tables' statements
//! are about drugs that reach the blood.

use liufang_kernel::codes::therapy_class;

/// A set of groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups(u128);

impl Groups {
    pub fn has(self, group: Group) -> bool {
        self.0 & group.bit() != 0
    }

    /// The groups of a drug.
    pub fn of(code: &str, generic_name: &str, dosage_form: &str) -> Groups {
        let class = therapy_class(code);
        if is_local(class, dosage_form) {
            return Groups::default();
        }
        let class = class.strip_prefix('X').unwrap_or_default();
        let fits = |row: &&Definition| row.fits(class, generic_name);
        Groups(ALL.iter().filter(fits).fold(0, |set, row| set | row.group.bit()))
    }
}

/// What a group is.
pub struct Definition {
    pub group: Group,
    /// As tables and pages name it.
    pub word: &'static str,
    /// Beginnings of ATC classes.
    pub classes: &'static [&'static str],
    /// Parts of generic names.
    pub names: &'static [&'static str],
}

impl Definition {
    fn fits(&self, class: &str, name: &str) -> bool {
        let by_class = self.classes.iter().any(|prefix| class.starts_with(prefix));
        by_class || (self.names.iter().any(|part| name.contains(part)) && !self.is_namesake(name))
    }

    /// Names that share characters with a group and nothing else.
    fn is_namesake(&self, name: &str) -> bool {
        match self.group {
            Group::AceInhibitor => name.contains("依普利酮"),
            Group::Niacin => name.contains("烟酰胺"),
            _ => false,
        }
    }
}

const LOCAL_FORMS: &[&str] = &[
    "乳膏", "软膏", "凝胶", "滴眼", "眼膏", "洗剂", "酊剂", "贴膏", "搽剂", "滴耳", "滴鼻", "鼻喷", "外用",
    "灌肠", "乳胶",
];

fn is_local(class: &str, dosage_form: &str) -> bool {
    let by_class = ["XD", "XS", "XM02"].iter().any(|prefix| class.starts_with(prefix));
    by_class || LOCAL_FORMS.iter().any(|form| dosage_form.contains(form))
}

macro_rules! groups {
    ($($group:ident $word:literal [$($class:literal)*] [$($name:literal)*];)*) => {
        /// A group of drugs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Group { $($group,)* }

        /// Every group, in the order of [`Group`].
        pub const ALL: &[Definition] = &[$(Definition {
            group: Group::$group, word: $word, classes: &[$($class),*], names: &[$($name),*],
        },)*];
    };
}

impl Group {
    const fn bit(self) -> u128 {
        1 << self as u32
    }

    pub fn word(self) -> &'static str {
        ALL[self as usize].word
    }
}

groups! {
    // blood pressure
    AceInhibitor "ace_inhibitor" ["C09A" "C09B"] ["普利"];
    Arb "arb" ["C09C" "C09D"] ["沙坦"];
    Sacubitril "sacubitril" [] ["沙库巴曲"];
    Aliskiren "aliskiren" ["C09XA"] ["阿利吉仑"];
    PotassiumSparing "potassium_sparing_diuretic" ["C03D" "C03E"] ["螺内酯" "氨苯蝶啶" "阿米洛利" "依普利酮" "非奈利酮"];
    PotassiumSalt "potassium_salt" ["A12B"] ["氯化钾" "枸橼酸钾" "门冬氨酸钾"];
    Thiazide "thiazide" ["C03A" "C03BA"] ["氢氯噻嗪" "吲达帕胺" "氯噻酮"];
    LoopDiuretic "loop_diuretic" ["C03C"] ["呋塞米" "托拉塞米" "布美他尼"];
    BetaBlocker "beta_blocker" ["C07"] ["洛尔" "卡维地洛"];
    WideBetaBlocker "nonselective_beta_blocker" ["C07AA" "C07AG"] ["普萘洛尔" "卡维地洛" "阿罗洛尔" "拉贝洛尔" "索他洛尔"];
    RateLimitingCcb "verapamil_or_diltiazem" ["C08D"] ["维拉帕米" "地尔硫"];
    Dihydropyridine "dihydropyridine" ["C08C"] ["地平"];
    Amlodipine "amlodipine" [] ["氨氯地平"];
    Nifedipine "nifedipine" [] ["硝苯地平"];
    Felodipine "felodipine" [] ["非洛地平"];
    AlphaBlocker "alpha_blocker" ["C02CA" "G04CA"] ["多沙唑嗪" "特拉唑嗪" "哌唑嗪" "坦索罗辛"];
    Clonidine "clonidine" [] ["可乐定"];
    Reserpine "reserpine" ["C02LA"] ["利血平"];
    // heart and lipids
    Nitrate "nitrate" ["C01DA"] ["硝酸甘油" "硝酸异山梨酯"];
    Nicorandil "nicorandil" [] ["尼可地尔"];
    Pde5 "pde5_inhibitor" ["G04BE"] ["西地那非" "他达拉非" "伐地那非" "阿伐那非"];
    Riociguat "riociguat" [] ["利奥西呱"];
    Statin "statin" ["C10AA" "C10BA"] ["他汀" "血脂康"];
    Simvastatin "simvastatin" [] ["辛伐他汀"];
    Lovastatin "lovastatin" [] ["洛伐他汀" "血脂康"];
    Atorvastatin "atorvastatin" [] ["阿托伐他汀"];
    Rosuvastatin "rosuvastatin" [] ["瑞舒伐他汀"];
    Pitavastatin "pitavastatin" [] ["匹伐他汀"];
    Pravastatin "pravastatin" [] ["普伐他汀"];
    Gemfibrozil "gemfibrozil" [] ["吉非罗齐"];
    Fibrate "fibrate" ["C10AB"] ["非诺贝特" "苯扎贝特"];
    Niacin "niacin" ["C10AD"] ["烟酸"];
    Ezetimibe "ezetimibe" [] ["依折麦布"];
    BileResin "bile_acid_resin" ["C10AC"] ["考来烯胺" "考来维仑"];
    Amiodarone "amiodarone" [] ["胺碘酮"];
    Dronedarone "dronedarone" [] ["决奈达隆"];
    Digoxin "digoxin" ["C01AA"] ["地高辛"];
    Quinidine "quinidine" [] ["奎尼丁"];
    Propafenone "propafenone" [] ["普罗帕酮"];
    Sotalol "sotalol" [] ["索他洛尔"];
    Ivabradine "ivabradine" [] ["伊伐布雷定"];
    Trimetazidine "trimetazidine" [] ["曲美他嗪"];
    Ranolazine "ranolazine" [] ["雷诺嗪"];
    Aspirin "aspirin" [] ["阿司匹林"];
    Clopidogrel "clopidogrel" [] ["氯吡格雷"];
    Ticagrelor "ticagrelor" [] ["替格瑞洛"];
    Cilostazol "cilostazol" [] ["西洛他唑"];
    Warfarin "warfarin" ["B01AA"] ["华法林"];
    XaInhibitor "factor_xa_inhibitor" ["B01AF"] ["利伐沙班" "阿哌沙班" "艾多沙班"];
    Dabigatran "dabigatran" [] ["达比加群"];
    Heparin "heparin" ["B01AB"] ["肝素"];
    // diabetes
    Metformin "metformin" ["A10BA"] ["二甲双胍"];
    Sulfonylurea "sulfonylurea" ["A10BB"] ["格列美脲" "格列齐特" "格列吡嗪" "格列喹酮" "格列本脲" "消渴丸"];
    Gliclazide "gliclazide" [] ["格列齐特"];
    Glibenclamide "glibenclamide" [] ["格列本脲" "消渴丸"];
    Glinide "glinide" [] ["瑞格列奈" "那格列奈" "米格列奈"];
    Repaglinide "repaglinide" [] ["瑞格列奈"];
    GlucosidaseInhibitor "glucosidase_inhibitor" ["A10BF"] ["阿卡波糖" "伏格列波糖" "米格列醇"];
    Pioglitazone "pioglitazone" ["A10BG"] ["吡格列酮" "罗格列酮"];
    Dpp4 "dpp4_inhibitor" ["A10BH"] ["列汀"];
    Saxagliptin "saxagliptin" [] ["沙格列汀"];
    Vildagliptin "vildagliptin" [] ["维格列汀"];
    Linagliptin "linagliptin" [] ["利格列汀"];
    Glp1 "glp1_agonist" ["A10BJ"] ["鲁肽" "艾塞那肽" "利司那肽"];
    Sglt2 "sglt2_inhibitor" ["A10BK"] ["列净"];
    Insulin "insulin" ["A10A"] ["胰岛素"];
    // thyroid
    Levothyroxine "thyroid_hormone" ["H03A"] ["左甲状腺素" "甲状腺片"];
    Antithyroid "antithyroid" ["H03B"] ["甲巯咪唑" "丙硫氧嘧啶" "卡比马唑"];
    Propylthiouracil "propylthiouracil" [] ["丙硫氧嘧啶"];
    Methimazole "methimazole" [] ["甲巯咪唑" "卡比马唑"];
    Iodine "iodine" ["H03C"] ["碘化钾" "复方碘"];
    // what they meet
    Nsaid "nsaid" ["M01A"] ["布洛芬" "双氯芬酸" "塞来昔布" "洛索洛芬" "吲哚美辛" "美洛昔康" "萘普生" "依托考昔" "尼美舒利" "酮洛芬"];
    Ibuprofen "ibuprofen" [] ["布洛芬"];
    Glucocorticoid "glucocorticoid" ["H02AB"] ["泼尼松" "地塞米松" "氢化可的松" "倍他米松" "曲安奈德"];
    StrongAzole "itraconazole_ketoconazole_posaconazole_voriconazole" ["J02AB"] ["伊曲康唑" "酮康唑" "泊沙康唑" "伏立康唑"];
    Fluconazole "fluconazole" [] ["氟康唑"];
    Miconazole "miconazole" [] ["咪康唑"];
    Clarithromycin "clarithromycin" [] ["克拉霉素" "泰利霉素"];
    Erythromycin "erythromycin" [] ["红霉素"];
    Fluoroquinolone "fluoroquinolone" ["J01MA"] ["沙星"];
    Sulfonamide "sulfamethoxazole" ["J01EE"] ["磺胺甲"];
    Rifampicin "rifampicin" [] ["利福平"];
    HivProtease "hiv_protease_inhibitor" ["J05AE"] ["利托那韦" "洛匹那韦" "达芦那韦" "阿扎那韦" "奈玛特韦"];
    FusidicAcid "fusidic_acid" [] ["夫西地酸"];
    Ciclosporin "ciclosporin" [] ["环孢素"];
    Tacrolimus "tacrolimus" [] ["他克莫司"];
    Mtor "mtor_inhibitor" [] ["西罗莫司" "依维莫司"];
    Danazol "danazol" [] ["达那唑"];
    Carbamazepine "carbamazepine" [] ["卡马西平"];
    Phenytoin "phenytoin" [] ["苯妥英"];
    Phenobarbital "phenobarbital" [] ["苯巴比妥"];
    StJohnsWort "st_johns_wort" [] ["贯叶金丝桃" "贯叶连翘"];
    Colchicine "colchicine" [] ["秋水仙碱"];
    Allopurinol "allopurinol" [] ["别嘌醇"];
    Methotrexate "methotrexate" [] ["甲氨蝶呤"];
    Lithium "lithium" [] ["碳酸锂"];
    Theophylline "theophylline" [] ["茶碱"];
    Omeprazole "omeprazole" [] ["奥美拉唑"];
    Ppi "proton_pump_inhibitor" ["A02BC"] ["拉唑"];
    Antacid "antacid" ["A02A"] ["铝碳酸镁" "氢氧化铝" "碳酸氢钠"];
    Calcium "calcium" ["A12A"] ["碳酸钙" "葡萄糖酸钙"];
    Iron "iron" ["B03A"] ["亚铁" "多糖铁"];
    Sucralfate "sucralfate" [] ["硫糖铝"];
    Orlistat "orlistat" [] ["奥利司他"];
    Ssri "ssri" ["N06AB"] ["氟西汀" "帕罗西汀" "舍曲林" "西酞普兰" "氟伏沙明"];
    Tricyclic "tricyclic_antidepressant" ["N06AA"] ["阿米替林" "多塞平" "氯米帕明"];
    Cimetidine "cimetidine" [] ["西咪替丁"];
    Liquorice "liquorice" [] ["甘草"];
    Sympathomimetic "decongestant" [] ["伪麻" "麻黄碱"];
    Oestrogen "oestrogen" ["G03A" "G03C"] ["炔雌醇" "雌二醇" "结合雌激素"];
    SodiumChannelQt "macrolide_or_antiarrhythmic_that_prolongs_qt" ["C01BA" "C01BD"] ["多潘立酮" "莫西沙星" "氟哌啶醇"];
    Danshen "danshen" [] ["丹参"];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_unique_and_no_group_is_empty() {
        assert!(ALL.len() <= 128, "a set holds 128 groups");
        let words: BTreeSet<_> = ALL.iter().map(|row| row.word).collect();
        assert_eq!(words.len(), ALL.len());
        for row in ALL {
            assert!(!row.classes.is_empty() || !row.names.is_empty(), "{}", row.word);
            assert_eq!(row.group.word(), row.word);
            let plain = |class: &&str| {
                class.bytes().zip("A99AA".bytes()).all(|(byte, shape)| match shape {
                    b'9' => byte.is_ascii_digit(),
                    _ => byte.is_ascii_uppercase(),
                })
            };
            assert!(row.classes.iter().all(|class| plain(class) && class.len() <= 5), "{}", row.word);
        }
    }

    #[test]
    fn by_class_and_by_name_and_never_on_the_skin() {
        let of = |code, name, form| Groups::of(code, name, form);
        assert!(of("XC09AAX001A001010100001", "某药片", "片剂").has(Group::AceInhibitor), "by class");
        assert!(of("XC03DAX001A001010100001", "依普利酮片", "片剂").has(Group::PotassiumSparing));
        assert!(!of("XC03DAX001A001010100001", "依普利酮片", "片剂").has(Group::AceInhibitor), "a namesake");
        let combination = of("XC09DAE726A001010100191", "厄贝沙坦氢氯噻嗪片", "片剂");
        assert!(combination.has(Group::Arb) && combination.has(Group::Thiazide));
        assert!(of("ZA10AAX9551010100394", "消渴丸", "丸剂").has(Group::Glibenclamide));
        assert_eq!(of("XD01ACX671F001010100590", "硝酸咪康唑乳膏", "乳膏剂"), Groups::default());
        assert_eq!(of("XM02AAS496F003010100170", "双氯芬酸二乙胺乳胶剂", "凝胶剂"), Groups::default());
    }
}
