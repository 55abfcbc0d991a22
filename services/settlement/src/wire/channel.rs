//! The payment channels' words.

use liufang_proto::common::v1::Channel;

use crate::domain::payment::TILL;

const WORDS: [(Channel, &str); 5] = [
    (Channel::Wechat, "wechat"),
    (Channel::Alipay, "alipay"),
    (Channel::Unionpay, "unionpay"),
    (Channel::BankCard, "bank_card"),
    (Channel::Till, TILL),
];

/// The stored word; empty for none.
pub fn word(channel: Channel) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == channel).map_or("", |(_, word)| word)
}

/// The channel of a stored word.
pub fn channel_of(word: &str) -> Option<Channel> {
    WORDS.iter().find(|(_, known)| *known == word).map(|(channel, _)| *channel)
}
