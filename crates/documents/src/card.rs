//! A warranty card.

use serde::Serialize;
use words::Lang;

use crate::DrawError;

/// A card on paper.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Card {
    pub number: String,
    pub brand: String,
    pub product: String,
    pub code: String,
    pub serial: String,
    pub payer: String,
    pub issued: String,
    pub seller: String,
    pub link: String,
    pub terms: Vec<Term>,
}

/// A promise of the card.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Term {
    pub what: String,
    pub pays: String,
    pub length: String,
    pub until: String,
}

/// # Errors
/// Where the paper cannot be drawn.
pub fn draw(paper: &Card, lang: Lang) -> Result<Vec<u8>, DrawError> {
    crate::draw(include_str!("../templates/card.typ"), paper, "card", &paper.link, lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_drawn() {
        let card = Card {
            number: "G-884213".to_owned(),
            terms: vec![Term { what: "کل دستگاه".to_owned(), ..Term::default() }],
            link: "http://127.0.0.1/".to_owned(),
            ..Card::default()
        };
        assert!(draw(&card, Lang::Fa).expect("drawn").starts_with(b"%PDF"));
    }
}
