//! Prints the story: chapters, numbered steps with their time, lines and small tables.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::time::Instant;

use liufang_kernel::Fen;

use crate::client::Refusal;

/// Width of a step's head line.
const WIDTH: usize = 100;

/// A story being told.
pub struct Story<'a> {
    out: &'a mut dyn Write,
    begun: Instant,
    step: Option<Step>,
}

/// A step that is not over; its head is printed with its time when it is.
struct Step {
    head: String,
    begun: Instant,
    text: String,
}

impl<'a> Story<'a> {
    pub fn new(out: &'a mut dyn Write) -> Story<'a> {
        Story { out, begun: Instant::now(), step: None }
    }

    pub fn title(&mut self, title: &str, subtitle: &str) -> io::Result<()> {
        writeln!(self.out, "{title}\n{subtitle}")
    }

    /// Begins a chapter.
    pub fn chapter(&mut self, title: &str) -> io::Result<()> {
        self.finish()?;
        let rule = "━".repeat(WIDTH.saturating_sub(width(title) + 4));
        writeln!(self.out, "\n━━ {title} {rule}")
    }

    /// Begins a step and prints the one before.
    pub fn step(&mut self, number: &str, title: &str) -> io::Result<()> {
        self.finish()?;
        self.step =
            Some(Step { head: format!("{number:<4}{title}"), begun: Instant::now(), text: String::new() });
        Ok(())
    }

    /// A line of the present step.
    pub fn say(&mut self, line: impl Display) {
        if let Some(step) = &mut self.step {
            // writing into a text cannot fail
            let _ = writeln!(step.text, "      {}", line.to_string().trim_end());
        }
    }

    /// Rows in columns; cells that are amounts stand to the right.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
            let line = cells.collect::<Vec<_>>().join("  ");
            self.say(line);
        }
    }

    /// A refusal that had to come.
    pub fn refusal(&mut self, what: &str, refusal: &Refusal) {
        let facts: Vec<_> = refusal.metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let facts = if facts.is_empty() { String::new() } else { format!("  ({})", facts.join(", ")) };
        self.say(format!("✗ {what}"));
        self.say(format!("    {:?} {}{facts}", refusal.code, refusal.reason));
    }

    /// The last line of a story that ended well.
    pub fn verdict(&mut self, text: &str) -> io::Result<()> {
        self.finish()?;
        writeln!(self.out, "\n✓ {text}, {} ms in all", self.begun.elapsed().as_millis())
    }

    /// Prints what is left.
    pub fn end(&mut self) -> io::Result<()> {
        self.finish()?;
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(Step { head, begun, text }) = self.step.take() else { return Ok(()) };
        let time = format!("{} ms", begun.elapsed().as_millis());
        let dots = "·".repeat(WIDTH.saturating_sub(width(&head) + time.len() + 2));
        write!(self.out, "\n{head} {dots} {time}\n{text}")?;
        self.out.flush()
    }
}

/// An amount in yuan.
pub fn yuan(fen: i64) -> String {
    format!("¥{}", Fen(fen).to_yuan())
}

/// Columns a text takes in a terminal: Chinese characters and full-width signs take two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xff60 | 0xffe0..=0xffe6);
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

fn padded(cell: &str, columns: usize) -> String {
    let blanks = " ".repeat(columns.saturating_sub(width(cell)));
    let amount = cell.starts_with('¥') || (!cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit()));
    if amount { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_printed_with_its_lines_and_time() {
        let mut out = Vec::new();
        let mut story = Story::new(&mut out);
        story.chapter("章 one").unwrap();
        story.step("1", "步 first").unwrap();
        story.table(&[vec!["药".to_owned(), yuan(5)], vec!["abc".to_owned(), yuan(123_456)]]);
        story.end().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("━━ 章 one ━"), "{text}");
        assert!(text.contains("1   步 first ···") && text.contains(" ms\n"), "{text}");
        assert!(text.contains("      药      ¥0.05\n      abc  ¥1234.56\n"), "{text}");
    }
}
