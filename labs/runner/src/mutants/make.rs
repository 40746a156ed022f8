//! Makes mutants: a solution with one change each.
//!
//! Idea: the solution is parsed, and each operator says what is to stand in the place
//! of a piece of its text. So a mutant reads like a file that a learner wrote.
//! An operator need not know types: what does not compile is left out later.
//! Source: the operators of DeMillo, Lipton and Sayward, "Hints on Test Data
//! Selection", IEEE Computer 11, 1978, and of cargo-mutants; those for locks, atomics
//! and waits are after Bradbury, Cordy and Dingel, "Mutation Operators for Concurrent
//! Java (J2SE 5.0)", 2006.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{FnArg, ItemConst, ItemFn, Member, Pat, ReturnType, Stmt};

use super::{expressions, statements};

/// The operator whose mutants no execution in program order shows.
pub const ORDERING: &str = "weaken ordering";

/// A solution with one change.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Where it is and what was changed, in one line. No other mutant of the solution
    /// has it, and it stays as it is when other lines change.
    pub id: String,
    /// The operator.
    pub operator: &'static str,
    /// The line of the solution in which the change begins, from 1.
    pub line: usize,
    /// The whole file.
    pub text: String,
}

/// All mutants of a solution.
///
/// # Errors
/// It cannot be parsed.
pub fn mutants(solution: &str) -> syn::Result<Vec<Mutant>> {
    let file = syn::parse_file(solution)?;
    let mut names = Names::default();
    names.visit_file(&file);
    let mut maker = Maker {
        text: solution,
        fields: names.fields,
        function: String::new(),
        locals: Vec::new(),
        results: Vec::new(),
        made: Vec::new(),
        ids: HashMap::new(),
        seen: HashSet::from([normal(solution).unwrap_or_default()]),
    };
    maker.visit_file(&file);
    Ok(maker.made)
}

/// The text without comments and blanks; `None` where it is no Rust.
fn normal(text: &str) -> Option<String> {
    syn::parse_file(text).ok()?;
    Some(text.parse::<TokenStream>().ok()?.to_string())
}

/// The fields that a file names.
#[derive(Default)]
struct Names {
    fields: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_member(&mut self, member: &'ast Member) {
        if let Member::Named(name) = member {
            self.fields.insert(name.to_string());
        }
    }
}

/// A local variable.
pub(super) struct Local {
    pub(super) name: String,
    /// What it is bound to, where it is bound once, by a plain `let`.
    pub(super) init: Option<String>,
}

/// Collects the locals of a function.
struct Locals<'a> {
    text: &'a str,
    found: Vec<Local>,
}

impl<'ast> Visit<'ast> for Locals<'_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let (Pat::Ident(name), Some(init)) = (&local.pat, &local.init) {
            let init = Some(self.text[init.expr.span().byte_range()].to_owned());
            self.found.push(Local { name: name.ident.to_string(), init });
        }
        visit::visit_local(self, local);
    }

    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        let name = pat.ident.to_string();
        let is_constant = name.starts_with(|letter: char| letter.is_uppercase());
        if !is_constant && self.found.iter().all(|local| local.name != name) {
            self.found.push(Local { name, init: None });
        }
    }
}

/// What is to stand in the place of a piece of text.
pub(super) type Edit = (Range<usize>, String);

/// Walks through a file, and makes mutants on its way.
pub(super) struct Maker<'a> {
    text: &'a str,
    pub(super) fields: BTreeSet<String>,
    function: String,
    pub(super) locals: Vec<Local>,
    /// Values that the function might return.
    pub(super) results: Vec<String>,
    made: Vec<Mutant>,
    ids: HashMap<String, usize>,
    seen: HashSet<String>,
}

impl Maker<'_> {
    /// The text of a part of the file.
    pub(super) fn of(&self, part: &impl Spanned) -> String {
        self.text[part.span().byte_range()].to_owned()
    }

    /// A mutant with `becomes` in the place of `part`.
    pub(super) fn replace(&mut self, operator: &'static str, part: &impl Spanned, becomes: &str) {
        let what = format!("{} -> {}", brief(&self.of(part)), brief(becomes));
        self.add(operator, &what, vec![(part.span().byte_range(), becomes.to_owned())]);
    }

    /// A mutant with two parts in each other's place; the first stands in front.
    pub(super) fn swap(
        &mut self,
        operator: &'static str,
        first: &impl Spanned,
        second: &impl Spanned,
    ) {
        let (one, other) = (self.of(first), self.of(second));
        let what = format!("{} <-> {}", brief(&one), brief(&other));
        let edits = vec![(first.span().byte_range(), other), (second.span().byte_range(), one)];
        self.add(operator, &what, edits);
    }

    /// A mutant with these edits, which do not overlap.
    pub(super) fn add(&mut self, operator: &'static str, what: &str, mut edits: Vec<Edit>) {
        edits.sort_by_key(|(range, _)| range.start);
        let mut text = self.text.to_owned();
        for (range, becomes) in edits.iter().rev() {
            text.replace_range(range.clone(), becomes);
        }
        // What is no Rust, or was made in another way already, is no mutant.
        let Some(normal) = normal(&text) else { return };
        if !self.seen.insert(normal) {
            return;
        }
        let start = edits.first().map_or(0, |(range, _)| range.start);
        let line = 1 + self.text[..start].matches('\n').count();
        let mut id = format!("{}: {operator}: {what}", self.function);
        let times = self.ids.entry(id.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            id += &format!(" ({times})");
        }
        self.made.push(Mutant { id, operator, line, text });
    }

    /// The values that a function with this signature might return.
    fn results_of(&self, signature: &syn::Signature) -> Vec<String> {
        let ReturnType::Type(_, output) = &signature.output else { return Vec::new() };
        let of_type = self.of(output);
        let values: &[&str] = match of_type.as_str() {
            "bool" => &["true", "false"],
            "u32" | "u64" | "usize" => &["0", "1"],
            option if option.starts_with("Option<") => &["None"],
            _ => &["Default::default()"],
        };
        let mut results: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let parameters = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) if self.of(&typed.ty) == of_type => Some(self.of(&typed.pat)),
            _ => None,
        });
        results.extend(parameters);
        results
    }

    /// Parameters that lose their upper bits.
    fn narrow_parameters(&mut self, function: &ItemFn) {
        let Some(first) = function.block.stmts.first() else { return };
        let start = first.span().byte_range().start;
        for input in &function.sig.inputs {
            let FnArg::Typed(typed) = input else { continue };
            let (name, of_type) = (self.of(&typed.pat), self.of(&typed.ty));
            for narrow in narrower(&of_type) {
                let statement = format!("let {name} = {name} as {narrow} as {of_type};");
                let edits = vec![(start..start, format!("{statement}\n    "))];
                self.add("narrow parameter", &statement, edits);
            }
        }
    }
}

/// The types that hold less than this one.
pub(super) fn narrower(of_type: &str) -> &'static [&'static str] {
    match of_type {
        "u64" | "usize" => &["u8", "u16", "u32"],
        "u32" => &["u8", "u16"],
        _ => &[],
    }
}

/// In one line of a bounded length.
pub(super) fn brief(text: &str) -> String {
    const LONGEST: usize = 72;
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST - 1).collect::<String>() + "…";
    }
    line
}

impl<'ast> Visit<'ast> for Maker<'_> {
    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        self.function = item.ident.to_string();
        visit::visit_expr(self, &item.expr);
        expressions::mutate(self, &item.expr);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function = function.sig.ident.to_string();
        let mut locals = Locals { text: self.text, found: Vec::new() };
        locals.visit_item_fn(function);
        self.locals = locals.found;
        self.results = self.results_of(&function.sig);
        if self.results.is_empty() {
            self.replace("replace body", &function.block, "{}");
        }
        for result in self.results.clone() {
            self.replace("replace body", &function.block, &format!("{{ {result} }}"));
        }
        self.narrow_parameters(function);
        if let Some(Stmt::Expr(tail, None)) = function.block.stmts.last() {
            expressions::mutate_result(self, tail);
        }
        self.visit_block(&function.block);
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        statements::mutate(self, block);
        visit::visit_block(self, block);
    }

    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        expressions::mutate(self, expr);
        match expr {
            // What is called is no variable.
            syn::Expr::Call(call) => call.args.iter().for_each(|arg| self.visit_expr(arg)),
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_pat(&mut self, pat: &'ast Pat) {
        expressions::mutate_pattern(self, pat);
        visit::visit_pat(self, pat);
    }

    fn visit_type(&mut self, _: &'ast syn::Type) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(solution: &str) -> Vec<String> {
        mutants(solution).expect("Rust").into_iter().map(|mutant| mutant.id).collect()
    }

    const LOCKED: &str = "fn add(n: &N) {\n    let _guard = n.lock.guard().expect(\"s\");\n    \
                          n.count.store(n.count.load(Relaxed) + 1, Relaxed);\n}\n";

    #[test]
    fn a_lock_is_left_out_taken_too_late_given_back_too_early_and_tried() {
        let made = mutants(LOCKED).expect("Rust");
        let texts: Vec<String> = made
            .iter()
            .map(|mutant| mutant.text.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let (guard, add) = (
            "let _guard = n.lock.guard().expect(\"s\");",
            "n.count.store(n.count.load(Relaxed) + 1, Relaxed);",
        );
        for wanted in [
            add.to_owned(),
            format!("{add} {guard}"),
            format!("let _ = n.lock.guard().expect(\"s\"); {add}"),
            format!("let _guard = n.lock.try_guard().expect(\"s\"); {add}"),
            format!("{guard} {}", add.replace("+ 1", "- 1")),
            format!("{guard} {}", add.replace("+ 1", "+ 2")),
            format!("{guard} {add} {add}"),
        ] {
            let wanted = format!("fn add(n: &N) {{ {wanted} }}");
            assert!(texts.contains(&wanted), "{wanted} is not among {texts:#?}");
        }
    }

    #[test]
    fn mutants_differ_and_have_names_of_their_own_that_do_not_depend_on_the_lines() {
        let first = ids(LOCKED);
        let distinct: HashSet<&String> = first.iter().collect();
        assert_eq!(distinct.len(), first.len());
        assert_eq!(first, ids(&format!("//! A comment.\n\n{LOCKED}")));
    }

    #[test]
    fn lines_are_those_of_the_solution() {
        let made = mutants(LOCKED).expect("Rust");
        let plus = made.iter().find(|mutant| mutant.id.ends_with("+ -> -")).expect("one");
        assert_eq!(plus.line, 3);
    }
}
