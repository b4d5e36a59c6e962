//! From the text of a condition to its tree.

use super::{BadCondition, Expr, Fact, Parsed, bad};

/// The tree of a text.
///
/// # Errors
/// Where it does not parse.
pub(super) fn parse(text: &str) -> Parsed<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    if parser.at < parser.tokens.len() { bad("something stands behind its end") } else { Ok(expr) }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Int(i64),
    Text(String),
    Name(String),
    Sign(&'static str),
}

const SIGNS: [&str; 19] =
    ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "(", ")", "[", "]", ",", ".", "in"];

fn tokens(text: &str) -> Parsed<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if first.is_ascii_digit() {
            let len = rest.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(rest.len());
            out.push(Token::Int(rest[..len].parse().map_err(|_| BadCondition("a number too large".to_owned()))?));
            len
        } else if first == '\'' || first == '"' {
            let (text, len) = quoted(rest, first)?;
            out.push(Token::Text(text));
            len
        } else if first.is_ascii_alphabetic() || first == '_' {
            let len = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(rest.len());
            out.push(if &rest[..len] == "in" { Token::Sign("in") } else { Token::Name(rest[..len].to_owned()) });
            len
        } else {
            let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
                return bad(format!("\"{first}\" is not of the language"));
            };
            out.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[len..].trim_start();
    }
    Ok(out)
}

fn quoted(text: &str, quote: char) -> Parsed<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((index, ch)) = chars.next() {
        match ch {
            _ if ch == quote => return Ok((out, index + ch.len_utf8())),
            '\\' => match chars.next() {
                Some((_, escaped @ ('\\' | '\'' | '"'))) => out.push(escaped),
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                _ => return bad("an escape that is not known"),
            },
            '\n' | '\r' => break,
            _ => out.push(ch),
        }
    }
    bad("a text that does not end")
}

/// Reads the tokens of a condition by precedence, loosest first.
struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn takes(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let Some(Token::Sign(sign)) = self.tokens.get(self.at) else { return None };
        let sign = *sign;
        signs.contains(&sign).then(|| {
            self.at += 1;
            sign
        })
    }

    fn expect(&mut self, sign: &'static str) -> Parsed<()> {
        self.takes(&[sign]).map_or_else(|| bad(format!("\"{sign}\" is missing")), |_| Ok(()))
    }

    fn chain(&mut self, signs: &[&'static str], next: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        let mut left = next(self)?;
        while let Some(sign) = self.takes(signs) {
            left = Expr::Binary(sign, Box::new(left), Box::new(next(self)?));
        }
        Ok(left)
    }

    fn or(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > 64 {
            return bad("it is nested too deeply");
        }
        let expr = self.chain(&["||"], Self::and);
        self.depth -= 1;
        expr
    }

    fn and(&mut self) -> Parsed<Expr> {
        self.chain(&["&&"], Self::relation)
    }

    fn relation(&mut self) -> Parsed<Expr> {
        self.chain(&["==", "!=", "<=", ">=", "<", ">", "in"], Self::sum)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        self.chain(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Parsed<Expr> {
        self.chain(&["*"], Self::unary)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let from = self.at;
        match self.takes(&["!", "-"]) {
            Some(_) if from > 4096 => bad("it is too long"),
            Some(sign) => {
                self.depth += 1;
                if self.depth > 64 {
                    return bad("it is nested too deeply");
                }
                let inner = Box::new(self.unary()?);
                self.depth -= 1;
                Ok(if sign == "!" { Expr::Not(inner) } else { Expr::Negative(inner) })
            }
            None => self.member(),
        }
    }

    fn member(&mut self) -> Parsed<Expr> {
        let mut expr = self.primary()?;
        while self.takes(&["."]).is_some() {
            let Some(Token::Name(name)) = self.tokens.get(self.at) else { return bad("a name is missing after \".\"") };
            let Some(call) = ["startsWith", "endsWith", "contains", "size"].into_iter().find(|call| call == name)
            else {
                return bad(format!("\"{name}\" is not known"));
            };
            self.at += 1;
            self.expect("(")?;
            expr = if call == "size" {
                Expr::Size(Box::new(expr))
            } else {
                Expr::Call(call, Box::new(expr), Box::new(self.or()?))
            };
            self.expect(")")?;
        }
        Ok(expr)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let Some(token) = self.tokens.get(self.at).cloned() else { return bad("it ends too early") };
        self.at += 1;
        match token {
            Token::Int(value) => Ok(Expr::Literal(Fact::Int(value))),
            Token::Text(text) => Ok(Expr::Literal(Fact::Text(text))),
            Token::Name(name) if name == "true" || name == "false" => Ok(Expr::Literal(Fact::Bool(name == "true"))),
            Token::Name(name) if name == "size" && self.takes(&["("]).is_some() => {
                let inner = self.or()?;
                self.expect(")")?;
                Ok(Expr::Size(Box::new(inner)))
            }
            Token::Name(name) => Ok(Expr::Fact(name)),
            Token::Sign("(") => {
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                let mut list = vec![self.or()?];
                while self.takes(&[","]).is_some() {
                    list.push(self.or()?);
                }
                self.expect("]")?;
                if list.iter().all(|item| {
                    matches!(item, Expr::Literal(_))
                        || matches!(item, Expr::Negative(inner) if matches!(**inner, Expr::Literal(Fact::Int(_))))
                }) {
                    Ok(Expr::List(list))
                } else {
                    bad("a list may hold only literals")
                }
            }
            Token::Sign(sign) => bad(format!("\"{sign}\" stands in a wrong place")),
        }
    }
}
