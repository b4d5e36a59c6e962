//! Conditions over the facts of a case: the subset of CEL that `docs/workflow.md` names, parsed with its types checked,
//! and evaluated without any way to fail. It is our own because the type check, the evaluation and the list of facts
//! read come from one small tree.

mod parse;

use std::collections::BTreeMap;

/// A fact's or a literal's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Int(i64),
    Text(String),
    Bool(bool),
    Texts(Vec<String>),
}

impl From<i64> for Fact {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<&str> for Fact {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// The facts of a case by name.
pub type Facts = BTreeMap<&'static str, Fact>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Int,
    Text,
    Bool,
    Ints,
    Texts,
    Bools,
}

/// The facts of a case kind with their types; None where there is no such kind.
fn fact_type(case_kind: &str, name: &str) -> Option<Type> {
    let (ints, texts, bools, lists): (&[&str], &[&str], &[&str], &[&str]) = match case_kind {
        "repair" => (
            &[
                "reported_faults",
                "customer_share",
                "warrantor_share",
                "total",
                "parts_waiting",
                "repeat_days",
                "age_days",
                "photos",
            ],
            &[
                "fault",
                "cause",
                "product",
                "brand",
                "coverage",
                "estimate",
                "place",
                "priority",
                "centre",
                "section",
                "customer_kind",
                "outcome",
            ],
            &["diagnosed", "overridden", "loaner_out"],
            &["kinds"],
        ),
        "parts_request" => (&["lines", "value"], &["requester_role", "centre", "coverage"], &["in_stock"], &[]),
        "transfer" => (&["devices", "parts", "value", "differences"], &["from", "to"], &[], &[]),
        "approval" => (&["amount", "percent"], &["subject", "requester_role", "centre", "brand"], &[], &["kinds"]),
        "complaint" => (&["age_days"], &["about", "priority", "centre"], &[], &[]),
        _ => return None,
    };
    let table = [(ints, Type::Int), (texts, Type::Text), (bools, Type::Bool), (lists, Type::Texts)];
    table.into_iter().find_map(|(names, kind)| names.contains(&name).then_some(kind))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expr {
    Literal(Fact),
    List(Vec<Expr>),
    Fact(String),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Size(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Call(&'static str, Box<Expr>, Box<Expr>),
}

/// A condition that parsed, is of the subset, is boolean, and reads only facts of its case kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    expr: Expr,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a condition: {0}")]
pub struct BadCondition(String);

type Parsed<T> = Result<T, BadCondition>;

fn bad<T>(why: impl Into<String>) -> Parsed<T> {
    Err(BadCondition(why.into()))
}

impl Condition {
    /// Reads a condition over the facts of `case_kind`.
    ///
    /// # Errors
    /// Where it does not parse, is not of the subset, is not boolean, or uses a fact that the case kind does not have.
    pub fn parse(text: &str, case_kind: &str) -> Parsed<Self> {
        let expr = parse::parse(text)?;
        match kind_of(&expr, case_kind)? {
            Type::Bool => Ok(Self { expr }),
            _ => bad("it is not true or false"),
        }
    }

    /// Whether the condition holds. A fact that is missing makes it false.
    #[must_use]
    pub fn holds(&self, facts: &Facts) -> bool {
        matches!(value(&self.expr, facts), Some(Fact::Bool(true)))
    }

    /// The names of the facts that it reads, each once, in the order in which they stand.
    #[must_use]
    pub fn reads(&self) -> Vec<&str> {
        fn walk<'a>(expr: &'a Expr, out: &mut Vec<&'a str>) {
            match expr {
                Expr::Fact(name) if !out.contains(&name.as_str()) => out.push(name),
                Expr::Fact(_) | Expr::Literal(_) => {}
                Expr::List(list) => list.iter().for_each(|item| walk(item, out)),
                Expr::Not(inner) | Expr::Negative(inner) | Expr::Size(inner) => walk(inner, out),
                Expr::Binary(_, left, right) | Expr::Call(_, left, right) => {
                    walk(left, out);
                    walk(right, out);
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.expr, &mut out);
        out
    }
}

fn kind_of(expr: &Expr, case_kind: &str) -> Parsed<Type> {
    let kind = |expr: &Expr| kind_of(expr, case_kind);
    let both = |left: &Expr, right: &Expr, wanted: Type, gives: Type| {
        if kind(left)? == wanted && kind(right)? == wanted { Ok(gives) } else { bad("values of wrong types") }
    };
    match expr {
        Expr::Literal(Fact::Int(_)) => Ok(Type::Int),
        Expr::Literal(Fact::Text(_)) => Ok(Type::Text),
        Expr::Literal(Fact::Bool(_)) => Ok(Type::Bool),
        Expr::Literal(Fact::Texts(_)) => Ok(Type::Texts),
        Expr::Fact(name) => fact_type(case_kind, name).map_or_else(|| bad(format!("there is no fact \"{name}\"")), Ok),
        Expr::List(list) => {
            let first = kind(&list[0])?;
            for item in list {
                if kind(item)? != first {
                    return bad("a list of different types");
                }
            }
            Ok(match first {
                Type::Int => Type::Ints,
                Type::Text => Type::Texts,
                _ => Type::Bools,
            })
        }
        Expr::Not(inner) => {
            if kind(inner)? == Type::Bool {
                Ok(Type::Bool)
            } else {
                bad("\"!\" wants true or false")
            }
        }
        Expr::Negative(inner) => {
            if kind(inner)? == Type::Int {
                Ok(Type::Int)
            } else {
                bad("\"-\" wants an integer")
            }
        }
        Expr::Size(inner) => {
            if matches!(kind(inner)?, Type::Text | Type::Ints | Type::Texts | Type::Bools) {
                Ok(Type::Int)
            } else {
                bad("size wants a list or a text")
            }
        }
        Expr::Call(_, left, right) => both(left, right, Type::Text, Type::Bool),
        Expr::Binary("&&" | "||", left, right) => both(left, right, Type::Bool, Type::Bool),
        Expr::Binary("+" | "-" | "*", left, right) => both(left, right, Type::Int, Type::Int),
        Expr::Binary("in", left, right) => match (kind(left)?, kind(right)?) {
            (Type::Int, Type::Ints) | (Type::Text, Type::Texts) | (Type::Bool, Type::Bools) => Ok(Type::Bool),
            _ => bad("\"in\" wants a value and a list of its type"),
        },
        Expr::Binary(sign, left, right) => match (kind(left)?, kind(right)?) {
            (left, right) if left != right => bad("values of different types are compared"),
            (Type::Int | Type::Text, _) => Ok(Type::Bool),
            (Type::Bool, _) if matches!(*sign, "==" | "!=") => Ok(Type::Bool),
            _ => bad("values that have no order are compared"),
        },
    }
}

fn value(expr: &Expr, facts: &Facts) -> Option<Fact> {
    let int = |expr: &Expr| match value(expr, facts)? {
        Fact::Int(value) => Some(value),
        _ => None,
    };
    let text = |expr: &Expr| match value(expr, facts)? {
        Fact::Text(text) => Some(text),
        _ => None,
    };
    let truth = |expr: &Expr| matches!(value(expr, facts), Some(Fact::Bool(true)));
    Some(match expr {
        Expr::Literal(fact) => fact.clone(),
        Expr::Fact(name) => facts.get(name.as_str())?.clone(),
        Expr::List(_) => return None,
        Expr::Not(inner) => Fact::Bool(!truth(inner)),
        Expr::Negative(inner) => Fact::Int(int(inner)?.checked_neg()?),
        Expr::Size(inner) => Fact::Int(match inner.as_ref() {
            Expr::List(list) => i64::try_from(list.len()).ok()?,
            other => match value(other, facts)? {
                Fact::Text(text) => i64::try_from(text.chars().count()).ok()?,
                Fact::Texts(list) => i64::try_from(list.len()).ok()?,
                _ => return None,
            },
        }),
        Expr::Call(call, left, right) => {
            let (left, right) = (text(left)?, text(right)?);
            Fact::Bool(match *call {
                "startsWith" => left.starts_with(&right),
                "endsWith" => left.ends_with(&right),
                _ => left.contains(&right),
            })
        }
        Expr::Binary("&&", left, right) => Fact::Bool(truth(left) && truth(right)),
        Expr::Binary("||", left, right) => Fact::Bool(truth(left) || truth(right)),
        Expr::Binary("+", left, right) => Fact::Int(int(left)?.checked_add(int(right)?)?),
        Expr::Binary("-", left, right) => Fact::Int(int(left)?.checked_sub(int(right)?)?),
        Expr::Binary("*", left, right) => Fact::Int(int(left)?.checked_mul(int(right)?)?),
        Expr::Binary("in", left, right) => {
            let wanted = value(left, facts)?;
            Fact::Bool(match right.as_ref() {
                Expr::List(list) => list.iter().any(|item| value(item, facts).as_ref() == Some(&wanted)),
                other => match (value(other, facts)?, wanted) {
                    (Fact::Texts(list), Fact::Text(wanted)) => list.contains(&wanted),
                    _ => return None,
                },
            })
        }
        Expr::Binary("==", left, right) => Fact::Bool(value(left, facts)? == value(right, facts)?),
        Expr::Binary("!=", left, right) => Fact::Bool(value(left, facts)? != value(right, facts)?),
        Expr::Binary(sign, left, right) => {
            let order = match (value(left, facts)?, value(right, facts)?) {
                (Fact::Int(left), Fact::Int(right)) => left.cmp(&right),
                (Fact::Text(left), Fact::Text(right)) => left.cmp(&right),
                _ => return None,
            };
            Fact::Bool(match *sign {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(text: &str) -> bool {
        let facts = Facts::from([
            ("customer_share", 5.into()),
            ("total", 9.into()),
            ("estimate", "declined".into()),
            ("diagnosed", true.into()),
            ("kinds", Fact::Texts(vec!["appliance".to_owned(), "fridge".to_owned()])),
        ]);
        Condition::parse(text, "repair").unwrap_or_else(|error| panic!("{text}: {error}")).holds(&facts)
    }

    #[test]
    fn conditions_say_what_they_say() {
        for yes in [
            "customer_share > 0",
            "estimate in ['declined', \"expired\"]",
            "customer_share + 2 * 2 == total",
            "'fridge' in kinds",
            "size(kinds) == 2",
            "!(total < 3) && diagnosed",
            "estimate.startsWith('dec') || false",
            "-customer_share < 0",
            "diagnosed != false",
            "size('سلام') == 4",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in ["customer_share == 0", "total in [1, 2]", "estimate.contains('x')", "repeat_days > 0"] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn what_is_not_of_the_subset_is_refused() {
        for wrong in [
            "",
            "customer_share",
            "customer_share > '0'",
            "unknown > 1",
            "1 < 2 < 3",
            "diagnosed < true",
            "kinds == kinds",
            "total ? true : false",
            "1.5 > 1",
            "null == null",
            "[] == []",
            "total in []",
            "total in [1, 'a']",
            "kinds.exists(k, k == 'x')",
            "total / 2 == 1",
            "'a",
            "(total > 1",
            "total > 1 total",
            "size(total) > 1",
            "estimate.matches('x')",
            "diagnosed in [diagnosed]",
        ] {
            assert!(Condition::parse(wrong, "repair").is_err(), "{wrong}");
        }
        assert!(Condition::parse("total > 1", "transfer").is_err());
        assert_eq!(
            Condition::parse("total > customer_share && total > 1", "repair").map(|condition| condition.reads().len()),
            Ok(2)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in prop_oneof!["[a-z0-9 !=<>&|()\\[\\].,'+*-]{0,60}", "\\PC{0,60}"]) {
            let _ = Condition::parse(&text, "repair").map(|condition| condition.holds(&Facts::new()));
        }

        #[test]
        fn deep_nesting_is_refused_rather_than_overflowing(count in 0..5000_usize, sign in prop_oneof![Just("("), Just("!"), Just("-")]) {
            let _ = Condition::parse(&format!("{}total", sign.repeat(count)), "repair");
        }
    }
}
