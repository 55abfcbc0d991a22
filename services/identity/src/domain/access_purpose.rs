//! Why somebody reads a person's data: a closed list, and which role may say what (PIPL art. 6: a definite purpose).

/// A purpose. The word is what access records hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessPurpose {
    BookVisit,
    TakeVisit,
    PreVerify,
    SignPrescription,
    Claim,
    Counter,
    Order,
    Quote,
    Delivery,
    FileMutualAid,
    QuoteMutualAid,
    CodeSettlement,
    CodePurchase,
    CodePrescription,
    Erasure,
    ActForChild,
    FileGuardian,
    DecideGuardian,
}

/// Purpose, number in the contract, word, who may name it in `GetPersonForService` (empty: nobody), Chinese, English.
type Entry = (AccessPurpose, i32, &'static str, &'static str, &'static str, &'static str);

const LIST: [Entry; 18] = [
    (AccessPurpose::BookVisit, 1, "book_visit", "prescription", "预约复诊", "booking a visit"),
    (AccessPurpose::TakeVisit, 2, "take_visit", "prescription", "医生接诊", "the doctor takes the visit"),
    (AccessPurpose::PreVerify, 3, "pre_verify", "prescription", "处方预核验", "checks before a prescription"),
    (
        AccessPurpose::SignPrescription,
        4,
        "sign_prescription",
        "prescription",
        "处方签名上传",
        "signing a prescription",
    ),
    (
        AccessPurpose::Claim,
        5,
        "claim",
        "prescription",
        "药店取方审方",
        "a pharmacy claims a prescription to review it",
    ),
    (
        AccessPurpose::Counter,
        6,
        "counter",
        "prescription",
        "药店柜台配药",
        "dispensing at a pharmacy's counter",
    ),
    (AccessPurpose::Order, 7, "order", "order", "下单购药", "placing an order"),
    (AccessPurpose::Quote, 8, "quote", "settlement", "医保费用试算", "working out what the insurance pays"),
    (AccessPurpose::Delivery, 9, "delivery", "dispatch", "药品配送", "delivering drugs"),
    (AccessPurpose::FileMutualAid, 10, "file_mutual_aid", "", "家庭共济备案", "a relative files mutual aid"),
    (
        AccessPurpose::QuoteMutualAid,
        11,
        "quote_mutual_aid",
        "",
        "家人使用共济账户试算",
        "a relative's purchase asks whether this account may pay",
    ),
    (
        AccessPurpose::CodeSettlement,
        12,
        "insurance_code:01301",
        "",
        "出示医保码：结算",
        "insurance code shown to settle",
    ),
    (
        AccessPurpose::CodePurchase,
        13,
        "insurance_code:02121",
        "",
        "出示医保码：药店购药",
        "insurance code shown to buy drugs",
    ),
    (
        AccessPurpose::CodePrescription,
        14,
        "insurance_code:02122",
        "",
        "出示医保码：下载外配处方",
        "insurance code shown to fetch prescriptions",
    ),
    (AccessPurpose::Erasure, 15, "erasure", "", "删除个人信息", "personal data was erased"),
    (AccessPurpose::ActForChild, 16, "act_for_child", "", "监护人代办", "a guardian acts for this child"),
    (
        AccessPurpose::FileGuardian,
        17,
        "file_guardian",
        "",
        "申报监护关系",
        "somebody files to be guardian of this child",
    ),
    (
        AccessPurpose::DecideGuardian,
        18,
        "decide_guardian",
        "",
        "审核监护关系",
        "the agency looks at a filing of a guardian",
    ),
];

impl AccessPurpose {
    fn entry(self) -> &'static Entry {
        LIST.iter().find(|entry| entry.0 == self).expect("every purpose is in the list")
    }

    fn find(fits: impl Fn(&Entry) -> bool) -> Option<AccessPurpose> {
        LIST.iter().find(|entry| fits(entry)).map(|entry| entry.0)
    }

    /// By its number in the contract.
    pub fn from_code(code: i32) -> Option<AccessPurpose> {
        AccessPurpose::find(|entry| entry.1 == code)
    }

    /// By the word of access records, also those of before there was a list.
    pub fn from_word(word: &str) -> Option<AccessPurpose> {
        AccessPurpose::find(|entry| entry.2 == word).or_else(|| {
            // a guardian's record goes on with the method that was called
            let (act, _) = word.split_once(':')?;
            (act == AccessPurpose::ActForChild.word()).then_some(AccessPurpose::ActForChild)
        })
    }

    pub fn code(self) -> i32 {
        self.entry().1
    }

    pub fn word(self) -> &'static str {
        self.entry().2
    }

    /// Whether a role may ask for a person with this purpose.
    pub fn is_of(self, role: &str) -> bool {
        !role.is_empty() && self.entry().3 == role
    }

    pub fn chinese(self) -> &'static str {
        self.entry().4
    }

    pub fn english(self) -> &'static str {
        self.entry().5
    }

    /// Use of an insurance code at a counter, by its business type (`domain.md` §6.4).
    pub fn of_code(business_type: &str) -> Option<AccessPurpose> {
        AccessPurpose::from_word(&format!("insurance_code:{business_type}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_closed_and_every_entry_is_one() {
        for (n, entry) in (1..).zip(LIST) {
            assert_eq!(
                (entry.1, AccessPurpose::from_code(n), AccessPurpose::from_word(entry.2)),
                (n, Some(entry.0), Some(entry.0))
            );
            assert!(!entry.4.is_empty() && !entry.5.is_empty());
        }
        assert_eq!((AccessPurpose::from_code(0), AccessPurpose::from_word("curiosity")), (None, None));
        assert!(!AccessPurpose::FileMutualAid.is_of(""));
        let acting = "act_for_child:/liufang.order.v1.OrderService/PlaceOrder";
        assert_eq!(AccessPurpose::from_word(acting), Some(AccessPurpose::ActForChild));
    }

    #[test]
    fn a_role_has_its_own_purposes() {
        assert!(AccessPurpose::Quote.is_of("settlement") && !AccessPurpose::Quote.is_of("dispatch"));
        assert!(!LIST.iter().any(|entry| entry.0.is_of("supervision")));
    }
}
