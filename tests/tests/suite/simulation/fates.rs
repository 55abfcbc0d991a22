//! What may happen to a call on its way between an outside client and the door, and what the client hears.

use std::time::Duration;

use liufang::client::Answer;
use prost::{Message, Name};
use tonic::Code;

use super::Sim;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Plain,
    /// The client sends it late.
    Late,
    /// It never leaves the client.
    RequestLost,
    /// The client hangs up in the middle and sends it again under the same key.
    HungUp,
    /// The client hangs up in the middle and forgets about it.
    Forgotten,
    /// The answer is heard, and the same call sent once more under the same key.
    Again,
    /// Sent twice at the same time under one key.
    Twice,
    /// The installation crashes in the middle and starts again; the client repeats the call.
    Crash,
}

const FATES: [(usize, Fate); 8] = [
    (50, Fate::Plain),
    (5, Fate::Late),
    (5, Fate::RequestLost),
    (12, Fate::HungUp),
    (4, Fate::Forgotten),
    (10, Fate::Again),
    (10, Fate::Twice),
    (4, Fate::Crash),
];

/// What the client knows after a call.
pub struct Heard<T> {
    /// The last answer; nothing when none was heard or nothing was sent.
    pub answer: Option<Answer<T>>,
    /// An attempt left without an answer, so it may have taken effect whatever else was heard.
    pub maybe: bool,
}

impl<T> Heard<T> {
    /// Whether the call may have taken effect.
    pub fn possible(&self) -> bool {
        self.maybe || self.ok().is_some()
    }

    pub fn ok(&self) -> Option<&T> {
        self.answer.as_ref().and_then(|answer| answer.as_ref().ok())
    }

    fn told(&self) -> String {
        let heard = match &self.answer {
            None => "nothing heard".to_owned(),
            Some(Ok(_)) => "ok".to_owned(),
            Some(Err(refusal)) => {
                let fields: Vec<&str> = refusal.violations.iter().map(|(field, _)| field.as_str()).collect();
                format!("{:?} {} {}", refusal.code, refusal.reason, fields.join(" "))
            }
        };
        if self.maybe { format!("{heard}, an attempt unheard") } else { heard }
    }
}

/// An answer that says nothing about the outcome.
pub fn unheard<T>(answer: &Answer<T>) -> bool {
    let Err(refusal) = answer else { return false };
    match refusal.code {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted => true,
        // of the transport, not of a service
        Code::Unknown | Code::Internal => refusal.reason.is_empty(),
        _ => false,
    }
}

/// No service answers INTERNAL, whatever happens to calls.
pub fn is_no_accident<T>(what: &str, answer: &Answer<T>) {
    if let Err(refusal) = answer {
        assert!(refusal.code != Code::Internal || unheard(answer), "{what}: {refusal}");
    }
}

impl Sim<'_> {
    /// The key of the present call.
    pub fn key(&self) -> String {
        format!("simulation-{}-{}", self.seed, self.calls)
    }

    /// Sends a write under a key of its own and lets a fate have it. `call` gets the key.
    pub async fn deliver<T, F, W>(&mut self, what: &str, call: F) -> Heard<T>
    where
        T: Message + Name + Send + 'static,
        F: Fn(String) -> W,
        W: Future<Output = Answer<T>> + Send + 'static,
    {
        self.calls += 1;
        let key = self.key();
        let mut fate = self.dice.weighted(&FATES);
        if fate == Fate::Crash && self.crashes_left == 0 {
            fate = Fate::HungUp;
        }
        let pause = Duration::from_millis(self.dice.below(45) as u64);
        self.tape.note(format!("  {what} [{fate:?} {}ms]", pause.as_millis()));
        self.wire.bend_questions(true);
        let heard = self.meet(fate, pause, &key, &call).await;
        self.wire.bend_questions(false);
        self.tape.note(format!("    -> {}", heard.told()));
        if let Some(answer) = &heard.answer {
            is_no_accident(what, answer);
        }
        heard
    }

    async fn meet<T, F, W>(&mut self, fate: Fate, pause: Duration, key: &str, call: &F) -> Heard<T>
    where
        T: Message + Name + Send + 'static,
        F: Fn(String) -> W,
        W: Future<Output = Answer<T>> + Send + 'static,
    {
        let send = || call(key.to_owned());
        match fate {
            Fate::RequestLost => Heard { answer: None, maybe: false },
            Fate::Plain => insist(send, false).await,
            Fate::Late => {
                tokio::time::sleep(pause).await;
                insist(send, false).await
            }
            Fate::HungUp | Fate::Forgotten => match tokio::time::timeout(pause, send()).await {
                Ok(answer) => Heard { maybe: unheard(&answer), answer: Some(answer) },
                Err(_) if fate == Fate::Forgotten => Heard { answer: None, maybe: true },
                Err(_) => insist(send, true).await,
            },
            Fate::Again => {
                let first = insist(send, false).await;
                let second = insist(send, first.maybe).await;
                same(&first, &second, true);
                second
            }
            Fate::Twice => {
                let (first, second) = tokio::join!(insist(send, false), insist(send, false));
                same(&first, &second, false);
                same(&second, &first, false);
                let maybe = first.maybe || second.maybe;
                let best = if second.ok().is_some() { second } else { first };
                Heard { maybe, ..best }
            }
            Fate::Crash => {
                let first = tokio::spawn(send());
                tokio::time::sleep(pause).await;
                self.crash().await;
                let first = first.await.expect("the client lives on");
                let second = insist(send, unheard(&first)).await;
                let first = Heard { maybe: unheard(&first), answer: Some(first) };
                same(&first, &second, true);
                second
            }
        }
    }

    /// Everything dies and comes back on the same data.
    pub async fn crash(&mut self) {
        self.crashes_left = self.crashes_left.saturating_sub(1);
        self.tape.note("  CRASH".to_owned());
        self.world.crash().await;
        self.world.launch().await;
        // clients notice that their connection is gone
        let public = self.cast.public();
        liufang_tests::eventually("the gateway answers again", || async {
            public.get_key_set(Default::default()).await.ok()
        })
        .await;
    }
}

/// A client that repeats the call under the same key until it hears something.
async fn insist<T, W: Future<Output = Answer<T>>>(send: impl Fn() -> W, mut maybe: bool) -> Heard<T> {
    for _ in 0..20 {
        let answer = send().await;
        if !unheard(&answer) {
            return Heard { answer: Some(answer), maybe };
        }
        maybe = true;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    Heard { answer: None, maybe: true }
}

/// What was answered with success once is answered the same under the same key; a refusal may become a success.
fn same<T: Message + Name>(first: &Heard<T>, second: &Heard<T>, in_turn: bool) {
    let Some(first) = first.ok() else { return };
    match &second.answer {
        Some(Ok(second)) => assert!(
            first.encode_to_vec() == second.encode_to_vec(),
            "{}: the same key was answered differently",
            T::full_name()
        ),
        Some(Err(refusal)) if in_turn => panic!("{}: done once, then {refusal}", T::full_name()),
        // a twin at the same time may lose a race
        _ => {}
    }
}
