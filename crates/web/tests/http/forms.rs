//! A form that failed comes back with all that was entered, in the form in which it was entered.

use axum::http::StatusCode;

use crate::house::House;

/// What of a template tells what was entered before.
const FILLED: [&str; 4] = ["p.value(", "p.chosen(", "p.among(", ".value"];

/// Fields of the forms of a template that do not come back filled.
fn forgotten(template: &str) -> Vec<String> {
    let forms = template.split("action=\"/do/").skip(1).filter_map(|rest| rest.split("</form>").next());
    let tags = forms.flat_map(|form| {
        ["<input", "<select", "<textarea"].into_iter().flat_map(move |tag| {
            form.split(tag).skip(1).map(move |rest| {
                let end = match tag {
                    "<select" => "</select>",
                    "<textarea" => "</textarea>",
                    _ => "\n",
                };
                rest.split(end).next().unwrap_or_default()
            })
        })
    });
    let not_typed = ["type=\"hidden\"", "type=\"password\"", "type=\"file\"", "accept_coverage_change"];
    let entered = tags.filter(|tag| !not_typed.iter().any(|word| tag.contains(word)));
    entered.filter(|tag| !FILLED.iter().any(|call| tag.contains(call)) && !tag.contains("column.heading")).map(str::to_owned).collect()
}

#[test]
fn every_field_of_every_form_comes_back_filled() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut wrong = Vec::new();
    for entry in ["", "parts"].iter().flat_map(|sub| std::fs::read_dir(folder.join(sub)).expect("templates")) {
        let path = entry.expect("a file").path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).expect("a template");
            wrong.extend(forgotten(&text).into_iter().map(|tag| format!("{}: {tag}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_was_entered_comes_back_in_its_own_form_and_not_in_another_of_the_same_operation() {
    let house = House::new();
    let [reception, repair, ..] = house.visit(0, 0, "SN-1001").await;
    let (cookie, csrf) = house.signed_in("administrator").await;
    let page = format!("/receptions/{reception}");
    let correct = |form: &str| format!("_csrf={csrf}&_key=0123456789abcdef-{form}&_page={page}&repair={repair}&device=none&reason=wrong+label");
    for (form, other) in [(format!("correctReception-{repair}"), "correctReception".to_owned()), ("correctReception".to_owned(), format!("correctReception-{repair}"))] {
        let back = house.form(&cookie, &format!("/do/correctReception/{reception}"), &correct(&form)).await;
        assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", back.text);
        let reason = |form: &str| format!("id=\"{form}-reason\" name=\"reason\" value=\"wrong label\"");
        assert!(back.text.contains(&reason(&form)), "{form}: {}", back.text);
        assert!(!back.text.contains(&reason(&other)), "{form} fills {other}");
        assert!(back.text.contains("<details open>"), "what was folded is open");
    }
}
