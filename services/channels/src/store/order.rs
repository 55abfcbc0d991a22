//! Orders.

use liufang_kernel::{Fen, Sensitive, Timestamp};
use liufang_platform::Cipher;
use sea_orm::ConnectionTrait;

use super::sealed::{PAY_PARAMS, REQUEST};
use super::{row, run};
use crate::domain::{Channel, Order, Scene, State};
use crate::error::ChannelError;

const COLUMNS: &str = "channel_order_no, channel, scene, amount_fen, freight_fen, state, channel_trade_no, \
                       request_sealed, pay_params_sealed, expires_at_us";

pub async fn find(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    channel_order_no: &str,
) -> Result<Option<Order>, ChannelError> {
    let sql = format!("SELECT {COLUMNS} FROM channel_order WHERE channel_order_no = $1");
    let Some(row) = row(conn, &sql, vec![channel_order_no.into()]).await? else { return Ok(None) };
    let text = |column: &str| row.try_get::<String>("", column).map_err(liufang_platform::DbFault::from);
    let number = |column: &str| row.try_get::<i64>("", column).map_err(liufang_platform::DbFault::from);
    let open = |context, column: &str| -> Result<Sensitive<String>, ChannelError> {
        let sealed = text(column)?;
        let plain = if sealed.is_empty() { String::new() } else { cipher.open(context, &sealed)? };
        Ok(Sensitive::new(plain))
    };
    Ok(Some(Order {
        channel: Channel::from_word(&text("channel")?).ok_or(ChannelError::Stored("channel"))?,
        channel_order_no: text("channel_order_no")?,
        scene: Scene::from_word(&text("scene")?).ok_or(ChannelError::Stored("scene"))?,
        amount: Fen(number("amount_fen")?),
        freight: Fen(number("freight_fen")?),
        state: State::from_word(&text("state")?).ok_or(ChannelError::Stored("state"))?,
        channel_trade_no: text("channel_trade_no")?,
        request: open(REQUEST, "request_sealed")?,
        pay_params: open(PAY_PARAMS, "pay_params_sealed")?,
        expires_at: Timestamp(number("expires_at_us")?),
    }))
}

/// Writes what will be asked; false when the number was taken meanwhile.
pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    order: &Order,
    now: Timestamp,
) -> Result<bool, ChannelError> {
    let touched = run(
        conn,
        "INSERT INTO channel_order (channel_order_no, channel, scene, amount_fen, freight_fen, state, channel_trade_no, \
         request_sealed, pay_params_sealed, expires_at_us, created_at_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (channel_order_no) DO NOTHING",
        vec![
            order.channel_order_no.as_str().into(),
            order.channel.word().into(),
            order.scene.word().into(),
            order.amount.0.into(),
            order.freight.0.into(),
            order.state.word().into(),
            order.channel_trade_no.as_str().into(),
            cipher.seal(REQUEST, order.request.reveal()).into(),
            cipher.seal(PAY_PARAMS, order.pay_params.reveal()).into(),
            order.expires_at.0.into(),
            now.0.into(),
        ],
    )
    .await?;
    Ok(touched == 1)
}

/// Writes what the channel said of an order, unless somebody wrote another state meanwhile. What is no longer needed is
/// forgotten: the request once it landed, the payer's parameters once nobody is waited for.
pub async fn learn(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    before: State,
    order: &Order,
) -> Result<bool, ChannelError> {
    let touched = run(
        conn,
        "UPDATE channel_order SET state = $1, channel_trade_no = $2, pay_params_sealed = $3, request_sealed = $4 \
         WHERE channel_order_no = $5 AND state = $6",
        vec![
            order.state.word().into(),
            order.channel_trade_no.as_str().into(),
            cipher.seal(PAY_PARAMS, if order.state == State::Open { order.pay_params.reveal() } else { "" }).into(),
            cipher.seal(REQUEST, if order.state == State::Intent { order.request.reveal() } else { "" }).into(),
            order.channel_order_no.as_str().into(),
            before.word().into(),
        ],
    )
    .await?;
    Ok(touched == 1)
}
