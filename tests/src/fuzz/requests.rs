//! Requests from the contracts' descriptors: plausible ones of values seen before, and odd ones.

use std::collections::BTreeMap;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value,
};

use super::Dice;

/// Values that were good somewhere, by the field's name in JSON.
#[derive(Clone, Default)]
pub struct Known(BTreeMap<String, Vec<String>>);

/// Kept of each field; the newest push the oldest out.
const KEPT: usize = 24;

impl Known {
    pub fn learn(&mut self, field: &str, value: &str) {
        let all = self.0.entry(field.to_owned()).or_default();
        if value.is_empty() || 200 < value.len() || all.iter().any(|own| own == value) {
            return;
        }
        all.push(value.to_owned());
        if KEPT < all.len() {
            all.remove(0);
        }
    }

    /// Every text of an answer.
    pub fn learn_all(&mut self, answer: &serde_json::Value) {
        match answer {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    let single = name.strip_suffix('s').unwrap_or(name);
                    match value {
                        serde_json::Value::String(text) => self.learn(name, text),
                        serde_json::Value::Array(items) => {
                            for text in items.iter().filter_map(|item| item.as_str()) {
                                self.learn(single, text);
                            }
                            self.learn_all(value);
                        }
                        other => self.learn_all(other),
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.learn_all(item)),
            _ => {}
        }
    }

    /// All values of a field.
    pub fn of(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }
}

/// Text that has broken something somewhere.
pub const ODD_TEXTS: [&str; 34] = [
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "NaN",
    "0.00001",
    "99999999999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "922337203685477.5807",
    "1000000000000",
    "2026-02-30",
    "9999-12-31",
    "0000-00-00",
    "2026-11-22",
    "11010119900307999X",
    "810000199408230021",
    "+8613800138000",
    "19900000001\n",
    "\0",
    "x\0y",
    "'; DROP TABLE prescription; --",
    "{\"a\":1}",
    "../../etc/passwd",
    "\u{202E}drug",
    "\u{FEFF}",
    "片\u{0301}",
    "１２",
    "😀",
    "%",
    "_",
    "H13030200001",
    "ord_00000000000000000000000000000000",
];

/// Whole numbers at the edges.
const ODD_NUMBERS: [i64; 14] = [
    0,
    1,
    -1,
    2,
    100,
    1_000_000,
    i32::MAX as i64,
    i32::MIN as i64,
    i64::MAX,
    i64::MIN,
    i64::MAX / 1_000_000,
    1_795_312_800_000_000,
    253_402_300_800_000_000,
    9_000_000_000_000_000_000,
];

/// A request whose fields hold what was good before; some are left out.
pub fn plausible(
    message: &MessageDescriptor,
    known: &Known,
    dice: &mut Dice,
    depth: usize,
) -> DynamicMessage {
    let mut request = DynamicMessage::new(message.clone());
    for field in message.fields() {
        if dice.percent(12) || (0 < depth && field.containing_oneof().is_some() && dice.percent(60)) {
            continue;
        }
        if let Some(value) = of_field(&field, known, dice, depth, false) {
            request.set_field(&field, value);
        }
    }
    request
}

/// Puts something odd in one field, somewhere.
pub fn spoil(request: &mut DynamicMessage, known: &Known, dice: &mut Dice) {
    let fields: Vec<FieldDescriptor> = request.descriptor().fields().collect();
    if fields.is_empty() {
        return;
    }
    let field = dice.pick(&fields).clone();
    let inside = matches!(field.kind(), Kind::Message(_)) && !field.is_list() && !field.is_map();
    if inside && request.has_field(&field) && dice.percent(80) {
        if let Some(inner) = request.get_field_mut(&field).as_message_mut() {
            spoil(inner, known, dice);
        }
        return;
    }
    if field.is_list() && dice.percent(70) {
        let items = request.get_field_mut(&field).as_list_mut();
        let inner = items.and_then(|items| items.first_mut()).and_then(Value::as_message_mut);
        if let Some(inner) = inner {
            return spoil(inner, known, dice);
        }
    }
    if let Some(value) = of_field(&field, known, dice, 0, true) {
        request.set_field(&field, value);
    }
}

fn of_field(
    field: &FieldDescriptor,
    known: &Known,
    dice: &mut Dice,
    depth: usize,
    odd: bool,
) -> Option<Value> {
    if 4 < depth {
        return None;
    }
    if field.is_map() {
        return Some(Value::Map([(MapKey::String("x".to_owned()), Value::String("y".to_owned()))].into()))
            .filter(|value| value.is_valid_for_field(field));
    }
    if field.is_list() {
        let count = if odd { *dice.pick(&[0, 1, 2, 50, 501]) } else { dice.below(3) };
        let item = |_| {
            let odd = odd && dice.percent(50);
            one(field, known, dice, depth, odd)
        };
        return Some(Value::List((0..count).filter_map(item).collect()));
    }
    one(field, known, dice, depth, odd)
}

fn one(field: &FieldDescriptor, known: &Known, dice: &mut Dice, depth: usize, odd: bool) -> Option<Value> {
    let number = |dice: &mut Dice| if odd { *dice.pick(&ODD_NUMBERS) } else { i64::from(dice.percent(70)) };
    Some(match field.kind() {
        Kind::String => Value::String(text(field, known, dice, odd)),
        Kind::Bytes => {
            let length = if odd { dice.below(300) } else { 8 };
            Value::Bytes((0..length).map(|_| dice.throw().to_le_bytes()[0]).collect::<Vec<u8>>().into())
        }
        Kind::Bool => Value::Bool(dice.percent(50)),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number(dice)),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number(dice).cast_unsigned()),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            let wide = number(dice);
            Value::I32(i32::try_from(wide).unwrap_or(if wide < 0 { i32::MIN } else { i32::MAX }))
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(number(dice)).unwrap_or(u32::MAX)),
        Kind::Enum(kind) => {
            let known: Vec<i32> = kind.values().map(|value| value.number()).collect();
            Value::EnumNumber(if odd && dice.percent(60) {
                *dice.pick(&[-1, 99, i32::MAX])
            } else {
                *dice.pick(&known)
            })
        }
        Kind::Message(message) => Value::Message(plausible(&message, known, dice, depth + 1)),
        Kind::Double | Kind::Float => return None,
    })
}

fn text(field: &FieldDescriptor, known: &Known, dice: &mut Dice, odd: bool) -> String {
    let name = field.json_name();
    let single = name.strip_suffix('s').unwrap_or(name);
    let good: Vec<&String> = known.of(name).iter().chain(known.of(single)).collect();
    if odd {
        return match dice.below(10) {
            0 => "长".repeat(1 + dice.below(6_000)),
            1 => "a".repeat(1 + dice.below(70_000)),
            2 if !good.is_empty() => format!("{}{}", dice.pick(&good), dice.pick(&ODD_TEXTS)),
            _ => (*dice.pick(&ODD_TEXTS)).to_owned(),
        };
    }
    match good.is_empty() {
        false => (*dice.pick(&good)).clone(),
        true => (*dice.pick(&["1", "药店", "2026-11-22", "1.00", "130300"])).to_owned(),
    }
}
