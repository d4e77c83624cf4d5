//! Where in a file the things are that can be changed, in bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::list::Spot;

/// An expression of an operator: by where its operator begins.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) whole: Range<usize>,
    pub(crate) left: Range<usize>,
    pub(crate) operator: Range<usize>,
    pub(crate) right: Range<usize>,
}

/// An arm of a match: by where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Arm {
    pub(crate) pattern_end: usize,
    pub(crate) guard: Option<Range<usize>>,
}

/// A field of a struct that is made from another: by where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) whole: Range<usize>,
    pub(crate) name: String,
    pub(crate) value: Option<Range<usize>>,
    pub(crate) of: Range<usize>,
    pub(crate) base: Range<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Places {
    lines: Vec<usize>,
    text: String,
    pub(crate) binary: BTreeMap<usize, Operation>,
    pub(crate) unary: BTreeMap<usize, (Range<usize>, Range<usize>)>,
    pub(crate) arms: BTreeMap<usize, Arm>,
    pub(crate) fields: BTreeMap<usize, Field>,
    /// Bodies in which nothing can be asked at run time, and values.
    pub(crate) constant: Vec<Range<usize>>,
}

impl Places {
    pub(crate) fn of(text: &str) -> Result<Self> {
        let mut lines = vec![0];
        lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut places = Self { lines, text: text.to_owned(), ..Self::default() };
        let file = syn::parse_file(text)?;
        places.visit_file(&file);
        Ok(places)
    }

    /// Columns of cargo-mutants are characters, from one.
    pub(crate) fn byte(&self, spot: Spot) -> usize {
        self.at(LineColumn { line: spot.line, column: spot.column - 1 })
    }

    fn at(&self, spot: LineColumn) -> usize {
        let start = self.lines[spot.line - 1];
        start + self.text[start..].chars().take(spot.column).map(char::len_utf8).sum::<usize>()
    }

    fn range(&self, of: &impl Spanned) -> Range<usize> {
        let span = of.span();
        self.at(span.start())..self.at(span.end())
    }
}

impl<'ast> Visit<'ast> for Places {
    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        let operation = Operation {
            whole: self.range(it),
            left: self.range(&it.left),
            operator: self.range(&it.op),
            right: self.range(&it.right),
        };
        self.binary.insert(operation.operator.start, operation);
        visit::visit_expr_binary(self, it);
    }

    fn visit_expr_unary(&mut self, it: &'ast syn::ExprUnary) {
        let (whole, inner) = (self.range(it), self.range(&it.expr));
        self.unary.insert(whole.start, (whole, inner));
        visit::visit_expr_unary(self, it);
    }

    fn visit_arm(&mut self, it: &'ast syn::Arm) {
        let arm = Arm {
            pattern_end: self.range(&it.pat).end,
            guard: it.guard.as_ref().map(|(_, guard)| self.range(guard)),
        };
        self.arms.insert(self.range(it).start, arm);
        visit::visit_arm(self, it);
    }

    fn visit_expr_struct(&mut self, it: &'ast syn::ExprStruct) {
        if let Some(base) = &it.rest {
            for field in &it.fields {
                let syn::Member::Named(name) = &field.member else { continue };
                let place = Field {
                    whole: self.range(field),
                    name: name.to_string(),
                    value: field.colon_token.map(|_| self.range(&field.expr)),
                    of: self.range(&it.path),
                    base: self.range(base),
                };
                self.fields.insert(place.whole.start, place);
            }
        }
        visit::visit_expr_struct(self, it);
    }

    fn visit_item_fn(&mut self, it: &'ast syn::ItemFn) {
        if it.sig.constness.is_some() {
            self.constant.push(self.range(&it.block));
        }
        visit::visit_item_fn(self, it);
    }

    fn visit_impl_item_fn(&mut self, it: &'ast syn::ImplItemFn) {
        if it.sig.constness.is_some() {
            self.constant.push(self.range(&it.block));
        }
        visit::visit_impl_item_fn(self, it);
    }

    fn visit_item_const(&mut self, it: &'ast syn::ItemConst) {
        self.constant.push(self.range(&it.expr));
        visit::visit_item_const(self, it);
    }

    fn visit_impl_item_const(&mut self, it: &'ast syn::ImplItemConst) {
        self.constant.push(self.range(&it.expr));
        visit::visit_impl_item_const(self, it);
    }

    fn visit_item_static(&mut self, it: &'ast syn::ItemStatic) {
        self.constant.push(self.range(&it.expr));
        visit::visit_item_static(self, it);
    }
}
