//! A small house with a person for each role, and requests to it.

use std::sync::Arc;

use app::access::session::actor_by_login;
use app::access::tokens::{CreateToken, create_token};
use app::access::users::{SaveMembership, SaveUser, save_user};
use app::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
use app::catalogue::organisation::{SaveBrand, SaveCentre, save_brand, save_centre};
use app::catalogue::products::{SaveProduct, SaveProductKind, save_product, save_product_kind};
use app::setup::{SetUp, set_up};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use diesel::connection::SimpleConnection;
use domain::access::Role;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::rights::Actor;
use store::views::Title;
use store::{Clock, Conn, Db, Tx};
use tower::ServiceExt;
use web::{App, Settings};

pub const PASSWORD: &str = "correct horse";

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-23T08:30:00Z".parse().expect("an instant")
    }
}

pub struct House {
    pub db: Db,
    router: Router,
    pub centres: Vec<String>,
    pub brands: Vec<String>,
    _dir: Option<tempfile::TempDir>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// A new database on a cluster.
fn database_of(cluster: &str) -> String {
    let name = format!("http_{}", domain::keys::public_id(rand::random()));
    let mut conn = Conn::open(&format!("{cluster}/postgres")).expect("the cluster");
    conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
    format!("{cluster}/{name}")
}

fn title(name: &str) -> Title {
    Title::new(name, name)
}

impl House {
    /// On each engine, SQLite always and PostgreSQL where `ZAMEN_TEST_PG` names a cluster: two centres, two brands, and
    /// `ROLE` for each role, all of them in the first centre but for the administrator.
    pub fn each() -> impl Iterator<Item = Self> {
        Self::each_in_money("IRR")
    }

    /// The same with amounts in a unit.
    pub fn each_in_money(unit: &str) -> impl Iterator<Item = Self> {
        let cluster = std::env::var("ZAMEN_TEST_PG").ok();
        if cluster.is_none() {
            println!("named skip: ZAMEN_TEST_PG names no cluster, this test ran on SQLite alone");
        }
        let on_postgres = cluster.map(|cluster| Self::furnished(&database_of(&cluster), unit, None));
        std::iter::once_with(|| Self::on_sqlite(unit)).chain(on_postgres)
    }

    /// On SQLite alone, for what is of that engine.
    pub fn on_sqlite(unit: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("test.db");
        Self::furnished(file.to_str().expect("a path"), unit, Some(dir))
    }

    fn furnished(url: &str, unit: &str, dir: Option<tempfile::TempDir>) -> Self {
        let db = Db::open(url, Arc::new(Noon), [7; 32], [8; 32]).expect("a store");
        db.migrate().expect("migrated");
        let command = SetUp {
            legal_entity: "خدمات ولیعصر".to_owned(),
            centre: title("ولیعصر"),
            login: "administrator".to_owned(),
            name: "administrator".to_owned(),
            password: PASSWORD.to_owned(),
            calendar: None,
            time_zone: None,
            money_unit: Some(unit.to_owned()),
        };
        set_up(&db, &command).expect("set up");
        let mut house = Self { router: Router::new(), db, centres: Vec::new(), brands: Vec::new(), _dir: dir };
        let (centres, brands) = house.write(|tx| {
            let entity = save_legal_entity(
                tx,
                None,
                &SaveLegalEntity {
                    name: "Agency".to_owned(),
                    roles: vec![PartyKind::LegalEntity, PartyKind::Maker],
                    company_id: None,
                    economic_code: None,
                },
            )?
            .id;
            let first = app::catalogue::organisation::centre_by_code(tx.conn, "01")?;
            let second = SaveCentre {
                code: "02".to_owned(),
                title: title("کرج"),
                legal_entity: entity.clone(),
                time_zone: None,
                phone: None,
                address: None,
                hours: None,
                paid_policy: None,
                diagnosis_fee: None,
            };
            let second = save_centre(tx, None, &second)?.id;
            let mut brands = Vec::new();
            let kind = save_product_kind(
                tx,
                None,
                &SaveProductKind { code: "appliance".to_owned(), title: title("appliance"), parent: None },
            )?
            .id;
            for code in ["SERMAN", "PARSA"] {
                let brand = save_brand(
                    tx,
                    None,
                    &SaveBrand { code: code.to_owned(), title: title(code), maker: entity.clone() },
                )?
                .id;
                let product = SaveProduct {
                    code: format!("{code}-TV"),
                    title: title("TV"),
                    kind: kind.clone(),
                    brand: brand.clone(),
                    gtin: None,
                    is_serialised: true,
                    is_warrantied: true,
                    is_part: false,
                    tax_class: None,
                    price: None,
                    policy: None,
                    components: Vec::new(),
                };
                save_product(tx, None, &product)?;
                brands.push(brand);
            }
            Ok((vec![first, second], brands))
        });
        (house.centres, house.brands) = (centres, brands);
        for role in Role::ALL.iter().filter(|role| **role != Role::Administrator) {
            house.person(role.name(), *role, Some(house.centres[0].clone()), None);
        }
        house.serve(Settings { public_url: "http://127.0.0.1:8080".to_owned(), ..Settings::default() });
        house
    }

    /// Serves with other settings.
    pub fn serve(&mut self, settings: Settings) {
        self.router = web::router(App::new(self.db.clone(), settings));
    }

    /// Somebody with one role, who has changed their first password.
    pub fn person(&self, login: &str, role: Role, centre: Option<String>, brand: Option<String>) {
        self.member(login, vec![SaveMembership { role, centre, brand }]);
    }

    /// Somebody with several.
    pub fn member(&self, login: &str, roles: Vec<SaveMembership>) {
        use store::query::*;
        use store::schema::users;
        self.newcomer(login, roles);
        self.write(|tx| {
            Ok(diesel::update(users::table.filter(users::login.eq(login)))
                .set(users::must_change_password.eq(false))
                .execute(tx.conn)?)
        });
    }

    /// Somebody who has not signed in yet.
    pub fn newcomer(&self, login: &str, roles: Vec<SaveMembership>) {
        let user = SaveUser {
            login: login.to_owned(),
            name: login.to_owned(),
            language: None,
            password: Some(PASSWORD.to_owned()),
            roles,
        };
        let user = user.hashed(self.db.random()).expect("hashed");
        self.write(|tx| save_user(tx, None, &user));
    }

    pub fn write<T>(&self, write: impl FnMut(&mut Tx<'_>) -> store::error::Result<T>) -> T {
        self.db.write(&Actor::system(), write).expect("written")
    }

    /// A token of somebody.
    pub fn token(&self, login: &str) -> String {
        let actor = self.db.read(|conn| actor_by_login(conn, login)).expect("a person");
        let command = CreateToken { title: "test".to_owned(), scopes: Vec::new(), days: None };
        self.db.write(&actor, |tx| create_token(tx, &command)).expect("a token")
    }

    /// The whole of the web side, for requests that go on beside others.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// A call of the API.
    pub async fn call(&self, token: Option<&str>, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("idempotency-key", format!("k-{}", self.db.random()))
            .header(header::ACCEPT_LANGUAGE, "en");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// The cookie that an answer sets, as a browser sends it.
    pub fn cookie(&self, answer: &Answer) -> String {
        answer.headers[header::SET_COOKIE].to_str().expect("a cookie").split(';').next().expect("a cookie").to_owned()
    }

    /// Signs in and returns the cookie, and the key that forms must carry.
    pub async fn signed_in(&self, login: &str) -> (String, String) {
        let form = format!("login={login}&password={}", PASSWORD.replace(' ', "+"));
        let request = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .expect("a request");
        let signed_in = self.cookie(&self.send(request).await);
        let csrf = |text: &str| {
            text.split("name=\"_csrf\" value=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .map(str::to_owned)
                .expect("the key of a form")
        };
        let page = self.page(Some(&signed_in), "/me").await;
        let key = csrf(&page.text);
        (signed_in, key)
    }

    pub async fn page(&self, cookie: Option<&str>, path: &str) -> Answer {
        let mut request = Request::get(path).header(header::ACCEPT, "text/html");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    pub async fn form(&self, cookie: &str, path: &str, fields: &str) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(fields.to_owned())).expect("a request")).await
    }

    /// A visit in a centre with a television of a brand, received by the administrator; public ids of reception,
    /// repair, device and customer.
    pub async fn visit(&self, centre: usize, brand: usize, serial: &str) -> [String; 4] {
        let token = self.token("administrator");
        let body = json!({
            "centre": self.centres[centre], "customer": {"new": {"name": format!("مشتری {serial}"), "phones": [format!("0912{:07}", self.db.random() % 10_000_000)]}},
            "devices": [{"new_device": {"product": format!("{}-TV", ["SERMAN", "PARSA"][brand]), "serial": serial}, "note": "روشن نمی‌شود"}],
        });
        let answer = self.call(Some(&token), Method::POST, "/receptions", Some(&body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let made = answer.json();
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let repair = self
            .call(Some(&token), Method::GET, &format!("/repairs/{}", text(&made["repairs"][0]["id"])), None)
            .await
            .json();
        [text(&made["id"]), text(&repair["id"]), text(&repair["device"]["id"]), text(&made["customer"]["id"])]
    }
}
