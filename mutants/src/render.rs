//! Changes written into a text. A change shows what is beneath it unchanged, as no two are active at a time; what it
//! changes from is written with all that is beneath.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::list::Mutant;
use crate::places::Places;

/// The changes of one place, in the order of the list: number, and what stands there then.
#[derive(Debug, Default)]
struct Choices(Vec<(usize, String)>);

#[derive(Debug)]
pub(crate) struct Edits<'text> {
    text: &'text str,
    /// Before the first statement of a body.
    bodies: BTreeMap<usize, Choices>,
    /// Expressions that have others in their place.
    whole: BTreeMap<(usize, std::cmp::Reverse<usize>), Choices>,
    /// Arms that are not there: where a guard is put.
    arms: BTreeMap<usize, Vec<usize>>,
    /// Guards before which the same is put.
    guards: BTreeMap<usize, (usize, Vec<usize>)>,
    /// Fields without a value of their own, which need their names.
    short: BTreeMap<usize, String>,
    /// Bodies that are one of two iterators then: where they begin and end.
    iterators: BTreeMap<usize, usize>,
}

impl<'text> Edits<'text> {
    pub(crate) fn new(text: &'text str) -> Self {
        Self {
            text,
            bodies: BTreeMap::new(),
            whole: BTreeMap::new(),
            arms: BTreeMap::new(),
            guards: BTreeMap::new(),
            short: BTreeMap::new(),
            iterators: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, mutant: &Mutant, places: &Places) -> Result<()> {
        let start = places.byte(mutant.span.start);
        let end = places.byte(mutant.span.end);
        if places.constant.iter().any(|body| body.contains(&start)) {
            bail!("constant");
        }
        if mutant.replacement.starts_with("Ok(::std::iter") {
            bail!("an iterator within a `Result`");
        }
        let of = |range: &Range<usize>| &self.text[range.clone()];
        match mutant.genre.as_str() {
            "FnValue" if mutant.replacement.starts_with("::std::iter::") => {
                let items = mutant
                    .replacement
                    .strip_prefix("::std::iter::once(")
                    .and_then(|rest| rest.strip_suffix(')'));
                let value = format!(
                    "crate::EitherIter::Mutant(vec![{}].into_iter())",
                    items.unwrap_or_default()
                );
                self.iterators.insert(start, end);
                self.bodies.entry(start).or_default().0.push((mutant.number, value));
            }
            "FnValue" => self
                .bodies
                .entry(start)
                .or_default()
                .0
                .push((mutant.number, mutant.replacement.clone())),
            "BinaryOperator" => {
                let it = places.binary.get(&start).context("no such operator")?;
                let instead = format!("{} {} {}", of(&it.left), mutant.replacement, of(&it.right));
                self.instead(&it.whole, mutant.number, instead);
            }
            "UnaryOperator" => {
                let (whole, inner) = places.unary.get(&start).context("no such operator")?;
                let instead = of(inner).to_owned();
                self.instead(whole, mutant.number, instead);
            }
            "MatchArmGuard" => {
                self.instead(&(start..end), mutant.number, mutant.replacement.clone());
            }
            "MatchArm" => {
                let arm = places.arms.get(&start).context("no such arm")?;
                match &arm.guard {
                    None => self.arms.entry(arm.pattern_end).or_default().push(mutant.number),
                    Some(guard) => {
                        self.guards
                            .entry(guard.start)
                            .or_insert((guard.end, Vec::new()))
                            .1
                            .push(mutant.number);
                    }
                }
            }
            "StructField" => {
                let field = places.fields.get(&start).context("no such field")?;
                let base = of(&field.base);
                let instead = if base.contains('(') {
                    format!("{{ let base: {} = {base}; base.{} }}", of(&field.of), field.name)
                } else {
                    format!("({base}).{}", field.name)
                };
                let value = if let Some(value) = &field.value {
                    value.clone()
                } else {
                    self.short.insert(field.whole.start, field.name.clone());
                    field.whole.clone()
                };
                self.instead(&value, mutant.number, instead);
            }
            other => bail!("what is {other}?"),
        }
        Ok(())
    }

    fn instead(&mut self, whole: &Range<usize>, number: usize, text: String) {
        self.whole
            .entry((whole.start, std::cmp::Reverse(whole.end)))
            .or_default()
            .0
            .push((number, text));
    }

    pub(crate) fn render(&self) -> (String, Vec<(usize, Range<usize>)>) {
        let mut out = Out { text: String::new(), own: Vec::new() };
        self.write(0..self.text.len(), None, &mut out);
        (out.text, out.own)
    }

    /// Writes a range; `inside` is the expression whose changes were written already.
    fn write(&self, range: Range<usize>, inside: Option<usize>, out: &mut Out) {
        let mut at = range.start;
        let mut inside = inside;
        while at < range.end {
            if inside.is_none() {
                self.before(at, out);
            }
            // The longest expression that begins here and was not opened yet; what is longer than `inside` was.
            let opened = inside.take().unwrap_or(usize::MAX);
            let next = self
                .whole
                .range((at, std::cmp::Reverse(usize::MAX))..=(at, std::cmp::Reverse(0)))
                .find(|((_, end), _)| end.0 < opened && end.0 <= range.end);
            if let Some(((_, end), choices)) = next {
                if let Some(name) = self.short.get(&at) {
                    out.text.push_str(name);
                    out.text.push_str(": ");
                }
                out.text.push('(');
                for (number, text) in &choices.0 {
                    out.own(*number, |out| {
                        let _ = write!(out, "if crate::mutant_is({number}) {{ {text} }}");
                    });
                    out.text.push_str(" else ");
                }
                out.text.push_str("{ ");
                self.write(at..end.0, Some(end.0), out);
                out.text.push_str(" })");
                at = end.0;
                self.after(at, out);
                continue;
            }
            let width = self.text[at..].chars().next().map_or(1, char::len_utf8);
            out.text.push_str(&self.text[at..at + width]);
            at += width;
            if at < range.end {
                self.after(at, out);
            }
        }
    }

    fn before(&self, at: usize, out: &mut Out) {
        if let Some(choices) = self.bodies.get(&at) {
            for (number, value) in &choices.0 {
                out.own(*number, |out| {
                    let _ = write!(out, "if crate::mutant_is({number}) {{ return {value}; }} ");
                });
            }
        }
        if self.iterators.contains_key(&at) {
            out.text.push_str("crate::EitherIter::Own({ ");
        }
        if let Some((_, numbers)) = self.guards.get(&at) {
            for number in numbers {
                out.own(*number, |out| {
                    let _ = write!(out, "!crate::mutant_is({number}) && ");
                });
            }
            out.text.push('(');
        }
    }

    /// What ends or is put behind the byte before `at`.
    fn after(&self, at: usize, out: &mut Out) {
        if self.guards.values().any(|(end, _)| *end == at) {
            out.text.push(')');
        }
        if self.iterators.values().any(|end| *end == at) {
            out.text.push_str(" })");
        }
        if let Some(numbers) = self.arms.get(&at) {
            let mut first = true;
            for number in numbers {
                out.text.push_str(if first { " if " } else { " && " });
                first = false;
                out.own(*number, |out| {
                    let _ = write!(out, "!crate::mutant_is({number})");
                });
            }
        }
    }
}

#[derive(Debug)]
struct Out {
    text: String,
    own: Vec<(usize, Range<usize>)>,
}

impl Out {
    fn own(&mut self, number: usize, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.own.push((number, start..self.text.len()));
    }
}
