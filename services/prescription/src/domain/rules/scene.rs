//! A case made ready: lines by number, each with its catalogue row and the groups of the tables it belongs to.

use std::ops::Deref;

use super::groups::Groups;
use super::{Case, Drug, OtherLine};
use crate::domain::prescription::Line;

/// A line and what is known of its drug.
pub(super) struct Item<'a> {
    pub line: &'a Line,
    pub drug: Option<&'a Drug>,
    pub groups: Groups,
}

impl Item<'_> {
    pub fn no(&self) -> i32 {
        self.line.line_no
    }
}

/// What the person has from elsewhere, with its groups.
pub(super) struct Other<'a> {
    pub line: &'a OtherLine,
    pub groups: Groups,
}

/// What rules look at. Everything of the [`Case`] beside the lines is reached through it.
pub(super) struct Scene<'a> {
    case: &'a Case<'a>,
    pub items: Vec<Item<'a>>,
    pub others: Vec<Other<'a>>,
}

impl<'a> Deref for Scene<'a> {
    type Target = Case<'a>;

    fn deref(&self) -> &Case<'a> {
        self.case
    }
}

impl<'a> Scene<'a> {
    pub fn of(case: &'a Case<'a>) -> Scene<'a> {
        let mut items: Vec<Item<'a>> = case.lines.iter().map(|line| item(case, line)).collect();
        items.sort_by_key(Item::no);
        let mut others: Vec<Other<'a>> = case.other_lines.iter().map(other).collect();
        others.sort_by_key(|other| other.line);
        Scene { case, items, others }
    }

    /// Lines with their catalogue row; lines without one are the business of `RX_UNKNOWN_DRUG` alone.
    pub fn known(&self) -> impl Iterator<Item = (&'a Line, &'a Drug)> {
        self.items.iter().filter_map(|item| Some((item.line, item.drug?)))
    }

    /// Every two lines once, the smaller number second.
    pub fn pairs(&self) -> impl Iterator<Item = (&Item<'a>, &Item<'a>)> {
        let later = self.items.iter().enumerate();
        later.flat_map(|(index, item)| self.items[..index].iter().map(move |earlier| (item, earlier)))
    }
}

fn item<'a>(case: &'a Case<'a>, line: &'a Line) -> Item<'a> {
    let drug = case.drugs.iter().find(|drug| drug.code == line.drug);
    let (name, form) = match drug {
        Some(drug) => (&drug.generic_name, &drug.dosage_form),
        None => (&line.generic_name, &line.dosage_form),
    };
    Item { line, drug, groups: Groups::of(&line.drug, name, form) }
}

fn other(line: &OtherLine) -> Other<'_> {
    Other { line, groups: Groups::of(&line.drug, &line.generic_name, &line.dosage_form) }
}
