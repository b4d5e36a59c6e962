//! Amounts are typed and shown in the unit of the house, and are minor units of its currency everywhere else.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

/// Makes a service by its form, with a price as somebody types it.
async fn service(house: &House, (cookie, csrf): &(String, String), price: &str) -> (StatusCode, String) {
    let typed = form_urlencoded::Serializer::new(String::new()).append_pair("price", price).finish();
    let form = format!(
        "_csrf={csrf}&_page=/keep/services/new&_next=/keep/services/{{id}}&code=S-1&title.fa=A&title.en=A&line_type=labour&{typed}"
    );
    let answer = house.form(cookie, "/do/createService", &form).await;
    if answer.status != StatusCode::SEE_OTHER {
        return (answer.status, answer.text);
    }
    let page = house.page(Some(cookie), answer.headers["location"].to_str().unwrap()).await;
    (answer.status, page.text)
}

async fn price(house: &House) -> Value {
    let token = house.token("administrator");
    house.call(Some(&token), Method::GET, "/services", None).await.json()["items"][0]["price"].clone()
}

#[tokio::test]
async fn a_house_that_counts_in_dollars() {
    for house in House::each_in_money("USD") {
        let person = house.signed_in("administrator").await;
        let (status, page) = service(&house, &person, "1.255").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains("1.255") && page.contains("ریزتر"), "what was typed stays, with what is wrong with it");
        let (status, page) = service(&house, &person, "1,250.5").await;
        assert_eq!((status, price(&house).await), (StatusCode::SEE_OTHER, json!(125_050)));
        assert!(page.contains("value=\"۱٬۲۵۰٫۵۰\"") && page.contains("بها (دلار)"), "{page}");
        let page = house.page(Some(&person.0), "/keep/installation").await.text;
        assert!(page.contains("نرخی ثبت نشده"), "the VAT of Iran is not that of everybody");
        let table = house.call(Some(&house.token("administrator")), Method::GET, "/permissions", None).await.json();
        let goodwill = table["items"]
            .as_array()
            .expect("cells")
            .iter()
            .filter(|cell| cell["action"] == "give_goodwill" && !cell["amount"].is_null());
        let amounts = goodwill.map(|cell| cell["amount"].clone()).collect::<Vec<_>>();
        assert!(
            amounts.len() == 4 && amounts.iter().all(|amount| *amount == json!(0)),
            "limits of Rial are not dollars: {amounts:?}"
        );
    }
}

#[tokio::test]
async fn a_house_that_speaks_of_toman() {
    for house in House::each_in_money("toman") {
        let person = house.signed_in("administrator").await;
        let (_, page) = service(&house, &person, "۱٬۵۰۰").await;
        assert_eq!(price(&house).await, json!(15_000));
        assert!(page.contains("value=\"۱٬۵۰۰\"") && page.contains("بها (تومان)"), "{page}");
    }
}
