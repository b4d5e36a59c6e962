//! A form that failed comes back with all that was entered, in the form in which it was entered.

use axum::http::{Method, StatusCode};
use serde_json::json;

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
    entered
        .filter(|tag| !FILLED.iter().any(|call| tag.contains(call)) && !tag.contains("column.heading"))
        .map(str::to_owned)
        .collect()
}

/// Names under which the fields of a form look for what was entered, that are not the name that the form sends.
fn misnamed(template: &str) -> Vec<String> {
    let quoted = |text: &str| text.split('"').next().unwrap_or_default().to_owned();
    let forms = template.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next());
    forms
        .flat_map(|form| {
            let (Some(operation), Some(sent)) = (form.split("action=\"/do/").nth(1), form.split("hidden(p, ").nth(1))
            else {
                return Vec::new();
            };
            let sent =
                sent.split_once(") %}").and_then(|(call, _)| call.rsplit_once(", \"")).map(|(_, name)| quoted(name));
            let asked = ["(p, \"", "p.value(\"", "p.chosen(\"", "p.among(\"", "p.fault(\""]
                .iter()
                .flat_map(|call| form.split(call).skip(1))
                .map(quoted);
            let operation = operation.split(['"', '/', '{']).next().unwrap_or_default();
            // What is written into a template is compared; a name that is put together is tried by the tests below.
            let Some(sent) = sent else { return Vec::new() };
            asked
                .chain([operation.to_owned()])
                .filter(|name| !name.starts_with('/') && !sent.starts_with(name.as_str()))
                .map(|name| format!("{name} in the form {sent}"))
                .collect()
        })
        .collect()
}

/// The fields that a form sends by names that stand in its template, with the operation to which it sends them, where
/// that stands there too.
fn sent(template: &str) -> Vec<(&str, Vec<&str>)> {
    let forms = template.split("action=\"/do/").skip(1).filter_map(|rest| rest.split("</form>").next());
    forms
        .filter_map(|form| {
            let operation = form.split(['"', '/', '{']).next().filter(|name| !name.is_empty())?;
            let named = form.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next());
            // Macros take the page, the form and the name.
            let calls = ["field(p, ", "inline(p, ", "words(p, ", "secret(p, "]
                .into_iter()
                .flat_map(|call| form.split(call).skip(1));
            let called = calls
                .filter_map(|rest| rest.split_once(", "))
                .filter_map(|(_, rest)| rest.strip_prefix('"')?.split('"').next());
            let reason = form.contains("form::reason(").then_some("reason");
            Some((
                operation,
                named
                    .chain(called)
                    .chain(reason)
                    .filter(|name| !name.contains('{') && !name.starts_with('_'))
                    .collect(),
            ))
        })
        .collect()
}

#[test]
fn every_form_sends_only_what_its_operation_names() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut wrong = Vec::new();
    let mut forms = 0;
    for entry in ["", "parts"].iter().flat_map(|sub| std::fs::read_dir(folder.join(sub)).expect("templates")) {
        let path = entry.expect("a file").path();
        let text = if path.is_file() { std::fs::read_to_string(&path).expect("a template") } else { String::new() };
        for (operation, names) in sent(&text) {
            forms += 1;
            let schema =
                web::api::named(operation).unwrap_or_else(|| panic!("{}: {operation}", path.display())).input_schema();
            let unknown = names
                .into_iter()
                .filter(|name| web::schema::from_form(&[((*name).to_owned(), String::new())], schema, &[]).is_err());
            wrong.extend(unknown.map(|name| format!("{}: {name} of {operation}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(forms > 30, "{forms}");
}

#[test]
fn every_field_of_every_form_comes_back_filled() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut wrong = Vec::new();
    for entry in ["", "parts"].iter().flat_map(|sub| std::fs::read_dir(folder.join(sub)).expect("templates")) {
        let path = entry.expect("a file").path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).expect("a template");
            wrong.extend(
                forgotten(&text).into_iter().chain(misnamed(&text)).map(|tag| format!("{}: {tag}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_was_entered_comes_back_in_its_own_form_and_not_in_another_of_the_same_operation() {
    for house in House::each() {
        let [reception, repair, ..] = house.visit(0, 0, "SN-1001").await;
        let (cookie, csrf) = house.signed_in("administrator").await;
        let page = format!("/receptions/{reception}");
        let correct = |form: &str| {
            format!(
                "_csrf={csrf}&_key=0123456789abcdef-{form}&_page={page}&repair={repair}&device=none&reason=wrong+label"
            )
        };
        for (form, other) in [
            (format!("correctReception-{repair}"), "correctReception".to_owned()),
            ("correctReception".to_owned(), format!("correctReception-{repair}")),
        ] {
            let back = house.form(&cookie, &format!("/do/correctReception/{reception}"), &correct(&form)).await;
            assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", back.text);
            let reason = |form: &str| format!("id=\"{form}-reason\" name=\"reason\" value=\"wrong label\"");
            assert!(back.text.contains(&reason(&form)), "{form}: {}", back.text);
            assert!(!back.text.contains(&reason(&other)), "{form} fills {other}");
            assert!(back.text.contains("<details open>"), "what was folded is open");
        }
    }
}

/// What a browser would send of the inputs and text areas of a form, as it is shown.
fn shown(page: &str, action: &str) -> Vec<(String, String)> {
    let form =
        page.split(&format!("action=\"{action}")).nth(1).and_then(|rest| rest.split("</form>").next()).expect("a form");
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
    };
    let inputs = form.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let sent = inputs.filter(|tag| !tag.contains("type=\"checkbox\"") || tag.contains(" checked"));
    let sent = sent.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())));
    let areas = form.split("<textarea").skip(1).filter_map(|rest| rest.split("</textarea>").next()?.split_once('>'));
    sent.chain(areas.filter_map(|(tag, text)| Some((attribute(tag, "name")?, text.to_owned())))).collect()
}

fn encoded(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn a_form_that_is_saved_as_it_is_shown_changes_nothing() {
    for house in House::each() {
        let token = house.token("administrator");
        let kept = json!({
            "name": "زهرا کریمی", "phones": ["09123456789", "02188776655"], "national_id": "0499370899", "subscription": "A-7",
            "addresses": [{"address": "خیابان مطهری", "city": "تهران"}, {"address": "بلوار ساحلی", "city": "رشت", "postal_code": "4134567890"}],
        });
        let made = house.call(Some(&token), Method::POST, "/customers", Some(&kept)).await.json();
        let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
        let (cookie, _) = house.signed_in("administrator").await;
        let page = house.page(Some(&cookie), &format!("/keep{path}")).await.text;
        let saved = house
            .form(
                &cookie,
                &format!("/do/updateCustomer/{}", made["id"].as_str().expect("an id")),
                &encoded(&shown(&page, "/do/updateCustomer")),
            )
            .await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        let mut after = house.call(Some(&token), Method::GET, &path, None).await.json();
        assert_eq!(after["version"], json!(2));
        after["version"] = made["version"].clone();
        assert_eq!(after, made);

        let mut fields = shown(&house.page(Some(&cookie), &format!("/keep{path}")).await.text, "/do/updateCustomer");
        fields.retain(|(name, _)| name != "phones[]");
        fields.push(("phones[]".to_owned(), "09123456789\r\n0912".to_owned()));
        let wrong = house
            .form(&cookie, &format!("/do/updateCustomer/{}", made["id"].as_str().expect("an id")), &encoded(&fields))
            .await
            .text;
        assert!(wrong.contains("09123456789\r\n0912</textarea>"), "{wrong}");
        assert_eq!(
            wrong.matches("class=\"field-fault\"").count(),
            1,
            "the fault of an entry stands beside the list: {wrong}"
        );
    }
}

#[tokio::test]
async fn a_token_is_made_and_revoked_on_ones_own_page() {
    for house in House::each() {
        let (cookie, csrf) = house.signed_in("receptionist").await;
        let wrong = house.form(&cookie, "/me/tokens", &format!("_csrf={csrf}&title=till&password=wrong")).await;
        assert!(
            wrong.status == StatusCode::UNPROCESSABLE_ENTITY
                && wrong.text.contains("value=\"till\"")
                && !wrong.text.contains("zmn_"),
            "{}",
            wrong.text
        );
        let page =
            house.form(&cookie, "/me/tokens", &format!("_csrf={csrf}&title=till&password=correct+horse")).await.text;
        let secret = page
            .split("zmn_")
            .nth(1)
            .and_then(|rest| {
                rest.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_')).next()
            })
            .expect("a secret");
        let secret = format!("zmn_{secret}");
        assert_eq!(house.call(Some(&secret), Method::GET, "/repairs", None).await.status, StatusCode::OK);
        assert!(!house.page(Some(&cookie), "/me").await.text.contains(&secret), "it is told once");
        let page = house.page(Some(&cookie), "/me").await.text;
        let action = page
            .split("action=\"")
            .find_map(|rest| rest.split('"').next().filter(|action| action.starts_with("/do/revokeToken/")))
            .expect("a button")
            .to_owned();
        let (other, other_csrf) = house.signed_in("technician").await;
        assert_eq!(
            house.form(&other, &action, &format!("_csrf={other_csrf}")).await.status,
            StatusCode::NOT_FOUND,
            "a token of somebody else"
        );
        assert_eq!(house.form(&cookie, &action, &encoded(&shown(&page, &action))).await.status, StatusCode::SEE_OTHER);
        assert_eq!(house.call(Some(&secret), Method::GET, "/repairs", None).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_field_that_names_a_thing_offers_it_for_its_words_and_takes_what_it_offered() {
    for house in House::each() {
        let fault = json!({"code": "F-1", "title": {"fa": "خاموش می‌شود", "en": "Turns off"}});
        let token = house.token("administrator");
        assert_eq!(house.call(Some(&token), Method::POST, "/faults", Some(&fault)).await.status, StatusCode::CREATED);
        let (cookie, csrf) = house.signed_in("administrator").await;
        let encoded = |text: &str| {
            let pair = form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish();
            pair["q=".len()..].to_owned()
        };
        let ask = |q: &str| format!("/choices?of=fault&product=half-typed&q={}", encoded(q));
        let rows = house.page(Some(&cookie), &ask("می شود خاموش")).await;
        assert_eq!(rows.status, StatusCode::OK, "{}", rows.text);
        assert!(rows.text.contains("data-value=\"خاموش می‌شود · F-1\""), "{}", rows.text);
        assert!(!house.page(Some(&cookie), &ask("نیست")).await.text.contains("data-value"));
        assert_eq!(house.page(Some(&cookie), "/choices?of=nothing").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let fields = format!(
            "_csrf={csrf}&_key=0123456789abcdef-choices&customer.new.name=x&devices[0].new_device.product=serman+tv\
             &devices[0].new_device.serial=N-7&devices[0].faults[]={}",
            encoded("خاموش می‌شود · F-1")
        );
        let received = house.form(&cookie, "/receive", &fields).await;
        assert_eq!(received.status, StatusCode::SEE_OTHER, "{}", received.text);
    }
}

#[tokio::test]
async fn what_is_kept_names_others_by_what_is_offered_while_one_types() {
    for house in House::each() {
        let (cookie, csrf) = house.signed_in("administrator").await;
        let form = house.page(Some(&cookie), "/keep/products/new").await;
        for of in ["kind", "brand", "part"] {
            assert!(form.text.contains(&format!("data-choices=\"{of}\"")), "{of}");
        }
        let fields = format!(
            "_csrf={csrf}&_key=0123456789abcdef-createProduct&_page=/keep/products/new&code=P-1&title.fa=x&title.en=x&kind=Appliance&brand=SERMAN+%C2%B7+serman&is_serialised=true"
        );
        let saved = house.form(&cookie, "/do/createProduct", &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        let token = house.token("administrator");
        let found = house.call(Some(&token), Method::GET, "/products?q=P-1", None).await.json();
        let product = &found["items"][0];
        assert_eq!((&product["kind"]["code"], &product["brand"]["code"]), (&json!("appliance"), &json!("SERMAN")));
        // It comes back as it was offered.
        let page =
            house.page(Some(&cookie), &format!("/keep/products/{}", product["id"].as_str().expect("an id"))).await;
        assert!(page.text.contains("· SERMAN\""), "{}", page.text);
        let wrong =
            fields.replace("code=P-1", "code=P-2").replace("kind=Appliance", "kind=none").replace("_key=0", "_key=1");
        let refused = house.form(&cookie, "/do/createProduct", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("value=\"none\""), "what was typed stands there");
    }
}
