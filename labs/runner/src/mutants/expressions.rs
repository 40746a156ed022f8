//! Mutants of expressions: constants, conditions, names, calls, loops, waits, and steps
//! that are no longer one step.

use syn::spanned::Spanned;
use syn::{
    BinOp, Expr, ExprBinary, ExprForLoop, ExprIf, ExprLoop, ExprMatch, ExprMethodCall, ExprRange,
    Lit, Member, Pat,
};

use super::make::{Maker, ORDERING, narrower};

/// Orderings that promise something.
const STRONG: &[&str] = &["Acquire", "Release", "AcqRel", "SeqCst"];

/// Methods that are easily mistaken for one another.
const METHODS: &[(&str, &[&str])] = &[
    ("all", &["any"]),
    ("any", &["all"]),
    ("min", &["max"]),
    ("max", &["min"]),
    ("first", &["last"]),
    ("last", &["first"]),
    ("next", &["last"]),
    ("position", &["rposition"]),
    ("rposition", &["position"]),
    ("find", &["rfind"]),
    ("rfind", &["find"]),
    ("fetch_add", &["fetch_sub", "swap"]),
    ("fetch_sub", &["fetch_add", "swap"]),
];

/// How often a loop or a wait is tried that then gives up.
const TRIES: &[u32] = &[1, 2, 3, 8, 100];

/// Adds the mutants of `expr` itself, not those of its parts.
pub(super) fn mutate(maker: &mut Maker<'_>, expr: &Expr) {
    match expr {
        Expr::Lit(literal) => {
            if let Lit::Int(number) = &literal.lit
                && let Ok(number) = number.base10_parse::<u64>()
            {
                for other in [number.wrapping_sub(1), number + 1, 0, 1, 2] {
                    if other != u64::MAX && other != number {
                        maker.replace("change constant", expr, &other.to_string());
                    }
                }
            }
        }
        Expr::Path(path) => {
            if let Some(name) = path.path.get_ident() {
                other_name(maker, expr, &name.to_string());
            }
        }
        Expr::Field(field) => {
            if let Member::Named(name) = &field.member {
                for other in maker.fields.clone() {
                    if *name != other.as_str() {
                        maker.replace("exchange field", &field.member, &other);
                    }
                }
            }
        }
        Expr::Binary(binary) => mutate_binary(maker, expr, binary),
        Expr::Unary(unary) => {
            let operand = maker.of(&unary.expr);
            maker.replace("drop operator", expr, &operand);
        }
        Expr::MethodCall(call) => mutate_call(maker, expr, call),
        Expr::Call(call) => {
            for (first, second) in call.args.iter().zip(call.args.iter().skip(1)) {
                maker.swap("swap arguments", first, second);
            }
        }
        Expr::If(branch) => mutate_if(maker, branch),
        Expr::While(repeated) => {
            mutate_condition(maker, &repeated.cond);
            maker.replace("while -> if", &repeated.while_token, "if");
        }
        Expr::Loop(endless) => mutate_loop(maker, endless),
        Expr::ForLoop(loop_over) => mutate_for(maker, loop_over),
        Expr::Match(choice) => mutate_match(maker, choice),
        Expr::Range(range) => mutate_range(maker, range),
        Expr::Array(array) => {
            for (first, second) in array.elems.iter().zip(array.elems.iter().skip(1)) {
                maker.swap("swap elements", first, second);
            }
        }
        Expr::Return(end) => {
            if let Some(value) = &end.expr {
                mutate_result(maker, value);
            }
        }
        _ => {}
    }
}

/// Patterns: names in the wrong order, and guards.
pub(super) fn mutate_pattern(maker: &mut Maker<'_>, pat: &Pat) {
    let parts = match pat {
        Pat::Slice(slice) => &slice.elems,
        Pat::Tuple(tuple) => &tuple.elems,
        Pat::Guard(guarded) => return mutate_condition(maker, &guarded.guard),
        _ => return,
    };
    for (first, second) in parts.iter().zip(parts.iter().skip(1)) {
        maker.swap("swap elements", first, second);
    }
}

/// A value that is returned.
pub(super) fn mutate_result(maker: &mut Maker<'_>, value: &Expr) {
    let text = maker.of(value);
    let mut others = maker.results.clone();
    if others.is_empty() {
        return;
    }
    if !matches!(
        value,
        Expr::Lit(_) | Expr::Loop(_) | Expr::Match(_) | Expr::If(_) | Expr::Block(_)
    ) {
        others.extend([format!("!({text})"), format!("({text}) + 1"), format!("({text}) - 1")]);
    }
    for other in others {
        maker.replace("change result", value, &other);
    }
}

fn other_name(maker: &mut Maker<'_>, expr: &Expr, name: &str) {
    if STRONG.contains(&name) {
        return maker.replace(ORDERING, expr, "Relaxed");
    }
    if name.chars().all(|letter| letter.is_uppercase() || letter == '_') {
        for other in [format!("({name} + 1)"), format!("({name} - 1)"), "1".into(), "2".into()] {
            maker.replace("change constant", expr, &other);
        }
        return;
    }
    let Some(local) = maker.locals.iter().find(|local| local.name == name) else { return };
    let again = local.init.clone().filter(|init| init.contains(".load("));
    let others: Vec<String> = maker.locals.iter().map(|local| local.name.clone()).collect();
    if let Some(again) = again {
        maker.replace("read again", expr, &format!("({again})"));
    }
    for other in others.iter().filter(|other| *other != name && !other.starts_with('_')) {
        maker.replace("exchange name", expr, other);
    }
}

fn mutate_binary(maker: &mut Maker<'_>, expr: &Expr, binary: &ExprBinary) {
    let others: &[&str] = match binary.op {
        BinOp::Eq(_) => &["!=", "<=", ">="],
        BinOp::Ne(_) => &["==", "<", ">"],
        BinOp::Lt(_) => &["<=", ">", ">=", "!=", "=="],
        BinOp::Le(_) => &["<", ">", ">=", "=="],
        BinOp::Gt(_) => &[">=", "<", "<=", "!=", "=="],
        BinOp::Ge(_) => &[">", "<", "<=", "=="],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["+", "/"],
        BinOp::Div(_) | BinOp::Rem(_) => &["*", "+"],
        BinOp::AddAssign(_) => &["-=", "="],
        BinOp::SubAssign(_) => &["+=", "="],
        _ => &[],
    };
    for other in others {
        maker.replace("change operator", &binary.op, other);
    }
    let (left, right) = (maker.of(&binary.left), maker.of(&binary.right));
    match binary.op {
        BinOp::And(_) | BinOp::Or(_) => {
            maker.replace("drop operand", expr, &left);
            maker.replace("drop operand", expr, &right);
        }
        BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
            maker.replace("change condition", expr, "true");
            maker.replace("change condition", expr, "false");
            let op = maker.of(&binary.op);
            for narrow in narrower("u64") {
                let both = format!("({left}) as {narrow} {op} ({right}) as {narrow}");
                maker.replace("narrow comparison", expr, &both);
            }
        }
        BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Div(_) | BinOp::Rem(_) => {
            maker.replace("drop operand", expr, &left);
            maker.replace("drop operand", expr, &right);
            let op = maker.of(&binary.op);
            if !matches!(binary.op, BinOp::Add(_) | BinOp::Mul(_)) {
                maker.replace("swap operands", expr, &format!("{right} {op} {left}"));
            }
            narrow(maker, expr);
        }
        _ => {}
    }
}

/// The value of `expr` without its upper bits.
fn narrow(maker: &mut Maker<'_>, expr: &Expr) {
    if matches!(expr, Expr::Lit(_)) {
        return;
    }
    let text = maker.of(expr);
    for of_type in ["u32", "u64", "usize"] {
        for narrow in narrower(of_type) {
            maker.replace("narrow value", expr, &format!("(({text}) as {narrow} as {of_type})"));
        }
    }
}

fn mutate_condition(maker: &mut Maker<'_>, condition: &Expr) {
    let text = maker.of(condition);
    if let Expr::Let(_) = condition {
        return maker.replace("change condition", condition, &format!("false && {text}"));
    }
    for other in ["true".into(), "false".into(), format!("!({text})")] {
        maker.replace("change condition", condition, &other);
    }
}

fn mutate_if(maker: &mut Maker<'_>, branch: &ExprIf) {
    mutate_condition(maker, &branch.cond);
    if let Some((_, otherwise)) = &branch.else_branch {
        maker.swap("swap branches", &branch.then_branch, otherwise);
    }
}

/// A loop that ends after some tries, and then believes, or returns anything.
fn mutate_loop(maker: &mut Maker<'_>, endless: &ExprLoop) {
    let body = maker.of(&endless.body);
    let mut last = vec![String::new()];
    last.extend(maker.results.iter().cloned());
    last.extend(maker.locals.iter().map(|local| local.name.clone()));
    for tries in TRIES {
        for value in &last {
            let bounded = format!("for _ in 0..{tries} {body}\n    {value}");
            maker.replace("bound loop", endless, &bounded);
        }
    }
}

fn mutate_for(maker: &mut Maker<'_>, loop_over: &ExprForLoop) {
    let over = maker.of(&loop_over.expr);
    for change in [".rev()", ".skip(1)", ".take(1)", ".take(2)"] {
        let changed = format!("({over}).into_iter(){change}");
        maker.replace("change iteration", &loop_over.expr, &changed);
    }
    if let Some(last) = loop_over.body.stmts.last() {
        let end = last.span().byte_range().end;
        maker.add("leave loop", "behind its first turn", vec![(end..end, "\nbreak;".into())]);
    }
}

fn mutate_match(maker: &mut Maker<'_>, choice: &ExprMatch) {
    for arm in &choice.arms {
        maker.replace("remove arm", arm, "");
        maker.replace("change arm", &arm.body, "{}");
        for other in choice
            .arms
            .iter()
            .filter(|other| other.body.span().byte_range() != arm.body.span().byte_range())
        {
            let body = maker.of(&other.body);
            maker.replace("change arm", &arm.body, &body);
        }
    }
    for (first, second) in choice.arms.iter().zip(choice.arms.iter().skip(1)) {
        maker.swap("swap arms", first, second);
    }
}

fn mutate_range(maker: &mut Maker<'_>, range: &ExprRange) {
    let part = |part: &Option<Box<Expr>>| part.as_ref().map(|part| maker.of(part));
    let (Some(start), Some(end)) = (part(&range.start), part(&range.end)) else { return };
    for other in [
        format!("({start} + 1)..{end}"),
        format!("{start}..({end} - 1)"),
        format!("{start}..({end} + 1)"),
        format!("{start}..{start}"),
    ] {
        maker.replace("change range", range, &other);
    }
}

fn mutate_call(maker: &mut Maker<'_>, expr: &Expr, call: &ExprMethodCall) {
    let method = call.method.to_string();
    for (_, others) in METHODS.iter().filter(|(name, _)| *name == method) {
        for other in *others {
            maker.replace("change method", &call.method, other);
        }
    }
    for (first, second) in call.args.iter().zip(call.args.iter().skip(1)) {
        maker.swap("swap arguments", first, second);
    }
    let receiver = maker.of(&call.receiver);
    match method.as_str() {
        "iter" => {
            for change in [".rev()", ".skip(1)", ".take(1)", ".take(2)"] {
                maker.replace("change iteration", expr, &format!("{receiver}.iter(){change}"));
            }
        }
        "load" => narrow(maker, expr),
        "store" | "fetch_add" | "fetch_sub" => {
            if let Some(value) = call.args.first() {
                narrow(maker, value);
            }
        }
        _ => {}
    }
    let args: Vec<String> = call.args.iter().map(|arg| maker.of(arg)).collect();
    split_step(maker, expr, &receiver, &method, &args);
    if let Expr::MethodCall(inner) = &*call.receiver
        && (method == "expect" || method == "unwrap")
    {
        change_wait(maker, expr, inner);
    }
}

/// One step on shared memory becomes a load and a store.
fn split_step(maker: &mut Maker<'_>, expr: &Expr, word: &str, method: &str, args: &[String]) {
    const LOAD: &str = "load(std::sync::atomic::Ordering::Relaxed)";
    let split = match (method, args) {
        ("fetch_add", [value, order]) => {
            format!(
                "{{ let found = {word}.{LOAD}; {word}.store(found + {value}, {order}); found }}"
            )
        }
        ("fetch_sub", [value, order]) => {
            format!(
                "{{ let found = {word}.{LOAD}; {word}.store(found - {value}, {order}); found }}"
            )
        }
        ("compare_exchange", [old, new, ..]) => format!(
            "{{ let found = {word}.{LOAD}; if found == {old} {{ {word}.store({new}, Relaxed); \
             Ok(found) }} else {{ Err(found) }} }}"
        ),
        _ => return,
    };
    maker.replace("split step", expr, &split);
}

/// A wait that gives up, and goes on; or that polls.
fn change_wait(maker: &mut Maker<'_>, expr: &Expr, wait: &ExprMethodCall) {
    const SOON: &str = "shmkv::Deadline::after(std::time::Duration::from_millis(1))";
    let semaphore = maker.of(&wait.receiver);
    match wait.method.to_string().as_str() {
        "wait" => {
            let one = format!("{semaphore}.try_wait().expect(\"a semaphore\")");
            maker.replace("give up waiting", expr, &format!("drop({one})"));
            for tries in &TRIES[1..] {
                let bounded = format!("drop((0..{tries}).any(|_| {one}))");
                maker.replace("give up waiting", expr, &bounded);
            }
            let timed = format!("drop({semaphore}.wait_until({SOON}))");
            maker.replace("give up waiting", expr, &timed);
            maker.replace("poll", expr, &format!("while !{one} {{}}"));
        }
        "guard" => {
            let one = maker.of(expr).replace(".guard()", ".try_guard()");
            maker.replace("give up waiting", expr, &one);
            for tries in &TRIES[1..] {
                let bounded = format!("(0..{tries}).find_map(|_| {one})");
                maker.replace("give up waiting", expr, &bounded);
            }
            let timed = format!("{semaphore}.guard_until({SOON})");
            maker.replace("give up waiting", expr, &timed);
            let poll = format!("loop {{ if let Some(guard) = {one} {{ break guard; }} }}");
            maker.replace("poll", expr, &poll);
        }
        _ => {}
    }
}
