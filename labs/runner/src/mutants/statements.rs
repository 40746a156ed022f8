//! Mutants of statements: left out, made twice, exchanged, moved; and locks that are
//! held too short or too long.

use syn::spanned::Spanned;
use syn::{Block, Expr, Local, Pat, Stmt};

use super::make::{Edit, Maker, ORDERING, brief};

/// Adds the mutants of the statements of `block`.
pub(super) fn mutate(maker: &mut Maker<'_>, block: &Block) {
    let statements = &block.stmts;
    for (place, statement) in statements.iter().enumerate() {
        if matches!(statement, Stmt::Item(_)) {
            continue;
        }
        let text = maker.of(statement);
        let operator = if text.starts_with("fence(") { ORDERING } else { "remove statement" };
        maker.add(operator, &brief(&text), vec![(statement.span().byte_range(), String::new())]);
        if can_be_made_twice(statement) {
            maker.add("duplicate statement", &brief(&text), vec![insert_behind(statement, &text)]);
        }
        if let Some(next) = statements.get(place + 1) {
            maker.swap("swap statements", statement, next);
            move_in(maker, statement, next);
        }
        move_far(maker, statements, place);
        if let Some(inner) = block_of(statement) {
            move_out(maker, statement, inner);
        }
        flatten(maker, statement);
        if let Stmt::Local(local) = statement
            && is_guard(local)
        {
            hold_otherwise(maker, statements, place, local);
        }
    }
}

fn insert_behind(statement: &Stmt, text: &str) -> Edit {
    let end = statement.span().byte_range().end;
    (end..end, format!("\n{text}"))
}

fn insert_before(statement: &Stmt, text: &str) -> Edit {
    let start = statement.span().byte_range().start;
    (start..start, format!("{text}\n"))
}

fn remove(statement: &Stmt) -> Edit {
    (statement.span().byte_range(), String::new())
}

/// Whether its being made twice can make a difference: it ends nothing, and it is no
/// variable but a guard.
fn can_be_made_twice(statement: &Stmt) -> bool {
    match statement {
        Stmt::Local(local) => is_guard(local),
        Stmt::Expr(Expr::Return(_) | Expr::Break(_) | Expr::Continue(_), _) => false,
        Stmt::Expr(_, Some(_)) => true,
        Stmt::Expr(_, None) => block_of(statement).is_some(),
        _ => false,
    }
}

/// The block that a statement consists of, or that belongs to it.
fn block_of(statement: &Stmt) -> Option<&Block> {
    match statement {
        Stmt::Expr(Expr::Block(inner), _) => Some(&inner.block),
        Stmt::Expr(Expr::ForLoop(inner), _) => Some(&inner.body),
        Stmt::Expr(Expr::While(inner), _) => Some(&inner.body),
        Stmt::Expr(Expr::If(inner), _) => Some(&inner.then_branch),
        Stmt::Local(local) => match local.init.as_ref().map(|init| &*init.expr) {
            Some(Expr::Block(inner)) => Some(&inner.block),
            _ => None,
        },
        _ => None,
    }
}

/// One of two neighbours that is moved into the block of the other.
fn move_in(maker: &mut Maker<'_>, statement: &Stmt, next: &Stmt) {
    let text = maker.of(statement);
    if let Some(first) = block_of(next).and_then(|inner| inner.stmts.first()) {
        let what = format!("into the next block: {}", brief(&text));
        maker.add("move statement", &what, vec![remove(statement), insert_before(first, &text)]);
    }
    let text = maker.of(next);
    if let Some(last) = block_of(statement).and_then(|inner| inner.stmts.last()) {
        let what = format!("into the block before: {}", brief(&text));
        let behind = match last {
            Stmt::Expr(_, None) => insert_before(last, &text),
            _ => insert_behind(last, &text),
        };
        maker.add("move statement", &what, vec![remove(next), behind]);
    }
}

/// The first and the last statement of a block, moved out of it.
fn move_out(maker: &mut Maker<'_>, statement: &Stmt, inner: &Block) {
    if let Some(first) = inner.stmts.first() {
        let text = maker.of(first);
        let what = format!("before its block: {}", brief(&text));
        maker.add("move statement", &what, vec![remove(first), insert_before(statement, &text)]);
    }
    let is_statement = |statement: &&Stmt| !matches!(statement, Stmt::Expr(_, None));
    if let Some(last) = inner.stmts.iter().rfind(is_statement) {
        let text = maker.of(last);
        let what = format!("behind its block: {}", brief(&text));
        maker.add("move statement", &what, vec![remove(last), insert_behind(statement, &text)]);
    }
}

/// To the beginning and to the end of its block.
fn move_far(maker: &mut Maker<'_>, statements: &[Stmt], place: usize) {
    let statement = &statements[place];
    let text = maker.of(statement);
    let last = match statements.split_last() {
        Some((Stmt::Expr(tail, None), _)) if !is_unit(tail) => statements.len() - 1,
        _ => statements.len(),
    };
    if place >= 2 && place < last {
        let what = format!("to the beginning: {}", brief(&text));
        let edits = vec![remove(statement), insert_before(&statements[0], &text)];
        maker.add("move statement", &what, edits);
    }
    if place + 2 < last {
        let what = format!("to the end: {}", brief(&text));
        let edits = vec![remove(statement), insert_behind(&statements[last - 1], &text)];
        maker.add("move statement", &what, edits);
    }
}

/// Whether it ends without a value, by its form.
fn is_unit(expr: &Expr) -> bool {
    matches!(expr, Expr::ForLoop(_) | Expr::While(_))
        || matches!(expr, Expr::If(branch) if branch.else_branch.is_none())
}

/// What a block holds goes on to the end of the block around it.
fn flatten(maker: &mut Maker<'_>, statement: &Stmt) {
    let Some(inner) = block_of(statement) else { return };
    let (head, tail) = match (statement, inner.stmts.split_last()) {
        (Stmt::Expr(Expr::Block(_), _), _) => (inner.stmts.as_slice(), None),
        (Stmt::Local(_), Some((Stmt::Expr(tail, None), head))) => (head, Some(tail)),
        _ => return,
    };
    let mut lines: Vec<String> = head.iter().map(|statement| maker.of(statement)).collect();
    if let (Stmt::Local(local), Some(tail)) = (statement, tail) {
        lines.push(format!("let {} = {};", maker.of(&local.pat), maker.of(tail)));
    }
    let edits = vec![(statement.span().byte_range(), lines.join("\n    "))];
    maker.add("open block", &brief(&maker.of(statement)), edits);
}

/// Whether it keeps something until the block ends.
fn is_guard(local: &Local) -> bool {
    matches!(&local.pat, Pat::Ident(name) if name.ident.to_string().starts_with('_'))
}

/// A guard that is dropped too early, given up for a moment, or never dropped.
fn hold_otherwise(maker: &mut Maker<'_>, statements: &[Stmt], place: usize, local: &Local) {
    let Some(init) = &local.init else { return };
    let (name, init) = (maker.of(&local.pat), maker.of(&init.expr));
    maker.replace("drop guard at once", local, &format!("let _ = {init};"));
    maker.replace("never drop guard", local, &format!("std::mem::forget({init});"));
    let behind = statements.get(place + 1..).unwrap_or_default();
    for (statement, next) in behind.iter().zip(behind.iter().skip(1)) {
        let what = format!("behind {}", brief(&maker.of(statement)));
        let drop = insert_before(next, &format!("drop({name});"));
        maker.add("drop guard early", &what, vec![drop]);
        let again = format!("drop({name});\n    let {name} = {init};");
        maker.add("drop guard for a moment", &what, vec![insert_before(next, &again)]);
    }
}
