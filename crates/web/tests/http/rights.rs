//! Everything that can be asked for and done, as persons with one, two and three memberships, beside a plain model of
//! who may see and do what.
//!
//! Each visit has words of its own (a serial, a name, a phone, amounts). Whatever a person asks for, on either road,
//! the words of what is not theirs must not be in the answer; what is theirs must be in their lists; what is not theirs
//! they cannot change. Roads follow from the table of operations and from the pages: one that is added must be placed
//! here, or the test fails.

use std::collections::BTreeSet;

use app::access::users::SaveMembership;
use axum::http::{Method, StatusCode};
use domain::access::{Action as A, Role as R, default_permission};
use serde_json::{Value, json};
use web::api::{self, Operation};

use crate::house::House;

/// A centre and a brand, by their place in the house.
type Pair = (usize, usize);
/// A role in a centre and for a brand; None: in all.
type Membership = (R, Option<usize>, Option<usize>);

/// Somebody who asks.
struct Who {
    login: &'static str,
    members: &'static [Membership],
}

const PEOPLE: &[Who] = &[
    Who { login: "desk-0", members: &[(R::Receptionist, Some(0), None)] },
    Who { login: "bench-0", members: &[(R::Technician, Some(0), None)] },
    Who { login: "store-1", members: &[(R::Storekeeper, Some(1), None)] },
    Who { login: "maker-0", members: &[(R::BrandManager, None, Some(0))] },
    Who { login: "manager-0-1", members: &[(R::CentreManager, Some(0), Some(1))] },
    Who { login: "bench-1-books-0", members: &[(R::Technician, Some(1), None), (R::Accountant, Some(0), None)] },
    Who { login: "desk-0-bench-of-1", members: &[(R::Receptionist, Some(0), None), (R::Technician, None, Some(1))] },
    Who { login: "boss-0", members: &[(R::Administrator, Some(0), None)] },
    Who {
        login: "three",
        members: &[
            (R::Receptionist, Some(0), Some(0)),
            (R::Accountant, Some(1), Some(1)),
            (R::Technician, None, Some(1)),
        ],
    },
];

impl Who {
    fn may(&self, action: A, (centre, brand): Pair) -> bool {
        let holds = |(role, c, b): &Membership| {
            default_permission(*role, action).is_some() && c.is_none_or(|c| c == centre) && b.is_none_or(|b| b == brand)
        };
        self.members.iter().any(holds)
    }

    fn may_in_brand(&self, action: A, brand: usize) -> bool {
        (0..2).any(|centre| self.may(action, (centre, brand)))
    }

    /// For all of a brand, in every centre.
    fn may_of_brand(&self, action: A, brand: usize) -> bool {
        self.members.iter().any(|(role, c, b)| {
            default_permission(*role, action).is_some() && c.is_none() && b.is_none_or(|b| b == brand)
        })
    }

    fn may_of_centre(&self, action: A, centre: usize) -> bool {
        self.members.iter().any(|(role, c, b)| {
            default_permission(*role, action).is_some() && b.is_none() && c.is_none_or(|c| c == centre)
        })
    }
}

/// A visit that was paid and is over, with what it left behind.
struct Visit {
    pairs: Vec<Pair>,
    reception: String,
    repairs: Vec<String>,
    devices: Vec<String>,
    serials: Vec<String>,
    customer: String,
    name: String,
    phone: String,
    invoice: String,
    document: String,
    /// What one piece of each repair's work costs, and what two did.
    prices: Vec<(i64, i64)>,
    photo: String,
}

impl Visit {
    fn any(&self, who: &Who, actions: &[A]) -> bool {
        self.pairs.iter().any(|pair| actions.iter().any(|action| who.may(*action, *pair)))
    }

    fn all(&self, who: &Who, action: A) -> bool {
        self.pairs.iter().all(|pair| who.may(action, *pair))
    }

    /// The words that must not be told to somebody: in digits of either script, grouped or not.
    fn hidden_from(&self, who: &Who) -> Vec<String> {
        let mut words = Vec::new();
        for ((serial, (unit, sum)), (centre, brand)) in self.serials.iter().zip(&self.prices).zip(&self.pairs) {
            if !who.may_in_brand(A::ViewWork, *brand) {
                words.push(serial.clone());
            }
            // Who sees the whole invoice sees its lines.
            let pair = (*centre, *brand);
            if !who.may(A::ViewMoney, pair) {
                words.extend(written(*unit));
                if ![A::Estimate, A::Diagnose].iter().any(|action| who.may(*action, pair)) {
                    words.extend(written(*sum));
                }
            }
        }
        if !self.any(who, &[A::ViewWork, A::ViewCustomers, A::ViewMoney]) {
            words.push(self.name.clone());
        }
        if !self.any(who, &[A::ViewCustomers, A::ViewMoney]) {
            words.push(self.phone.clone());
        }
        words
    }
}

/// An amount as the API and the pages write it.
fn written(amount: i64) -> Vec<String> {
    let grouped = |mark: char| {
        let digits = amount.to_string();
        digits
            .char_indices()
            .flat_map(|(at, digit)| {
                (at > 0 && (digits.len() - at).is_multiple_of(3)).then_some(mark).into_iter().chain([digit])
            })
            .collect::<String>()
    };
    let persian = |text: &str| {
        text.chars()
            .map(|ch| ch.to_digit(10).and_then(|digit| char::from_u32(0x6F0 + digit)).unwrap_or(ch))
            .collect::<String>()
    };
    vec![amount.to_string(), grouped(','), persian(&grouped('٬'))]
}

/// The house with a visit of each centre and brand, and one of two brands.
struct Scene {
    house: House,
    admin: String,
    visits: Vec<Visit>,
    products: Vec<String>,
    policies: Vec<String>,
    staff: Vec<String>,
    sections: Vec<String>,
    users: Vec<String>,
    import: String,
}

impl Scene {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let answer =
            self.house.call(Some(&self.admin), method.clone(), path, (method != Method::GET).then_some(&body)).await;
        assert!(answer.status.is_success(), "{path} {body}: {}", answer.text);
        answer.json()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, body).await
    }

    async fn of(house: House) -> Self {
        let admin = house.token("administrator");
        let mut scene = Self {
            house,
            admin,
            visits: Vec::new(),
            products: Vec::new(),
            policies: Vec::new(),
            staff: Vec::new(),
            sections: Vec::new(),
            users: Vec::new(),
            import: String::new(),
        };
        let title = |text: &str| json!({"fa": text, "en": text});
        let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
        scene.post("/services", json!({"code": "WORK", "title": title("work"), "line_type": "labour"})).await;
        scene.post("/faults", json!({"code": "dead", "title": title("dead")})).await;
        scene.post("/causes", json!({"code": "wear", "title": title("wear")})).await;
        let party = scene.post("/legal-entities", json!({"name": "Payer", "roles": ["warrantor"]})).await;
        for (index, code) in ["GOLD-0", "GOLD-1"].into_iter().enumerate() {
            let policy = json!({"code": code, "title": title(code), "brand": scene.house.brands[index], "payer": id(&party), "usual": {"months": 12}});
            let made = scene.post("/policies", policy).await;
            scene.policies.push(id(&made));
            let made =
                scene.ask(Method::GET, &format!("/products?q={}-tv", ["serman", "parsa"][index]), Value::Null).await;
            scene.products.push(id(&made["items"][0]));
            let centre = scene.house.centres[index].clone();
            let made = scene.post("/staff", json!({"centre": centre, "personnel_code": format!("10{index}"), "name": format!("Worker {index}")})).await;
            scene.staff.push(id(&made));
            let made = scene
                .post("/sections", json!({"centre": centre, "code": format!("S{index}"), "title": title("section")}))
                .await;
            scene.sections.push(id(&made));
            let roles = json!([{"role": "technician", "centre": centre}]);
            let made = scene.post("/users", json!({"login": format!("user-{index}"), "name": "user", "password": "correct horse", "roles": roles})).await;
            scene.users.push(id(&made));
        }
        let roles = json!([{"role": "administrator"}]);
        let made = scene
            .post(
                "/users",
                json!({"login": "second-admin", "name": "user", "password": "correct horse", "roles": roles}),
            )
            .await;
        scene.users.push(id(&made));
        let file = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            "name,phone\nSecret Sample,09120000000\n",
        );
        let made = scene
            .post(
                "/imports",
                json!({"kind": "customers", "file_name": "secret.csv", "content": file, "is_dry_run": true}),
            )
            .await;
        scene.import = id(&made);
        for (index, pairs) in
            [vec![(0, 0)], vec![(0, 1)], vec![(1, 0)], vec![(1, 1)], vec![(0, 0), (0, 1)]].into_iter().enumerate()
        {
            let visit = scene.visit(index, pairs).await;
            scene.visits.push(visit);
        }
        for who in PEOPLE {
            let at = |list: &[String], place: Option<usize>| place.map(|place| list[place].clone());
            let roles = who.members.iter().map(|(role, c, b)| SaveMembership {
                role: *role,
                centre: at(&scene.house.centres, *c),
                brand: at(&scene.house.brands, *b),
            });
            scene.house.member(who.login, roles.collect());
        }
        scene
    }

    /// From the counter to the paid invoice.
    async fn visit(&self, index: usize, pairs: Vec<Pair>) -> Visit {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let serials = pairs.iter().enumerate().map(|(at, _)| format!("SN-7{index}{at}9")).collect::<Vec<_>>();
        let (name, phone) = (format!("مشتری شمارهٔ {index}x"), format!("0912700010{index}"));
        let photo = self.post("/photos", json!({"content": PIXEL, "purpose": "condition"})).await;
        let devices = pairs.iter().zip(&serials).enumerate().map(|(at, ((_, brand), serial))| {
            let photos = if at == 0 { json!([photo["id"]]) } else { json!([]) };
            json!({"new_device": {"product": format!("{}-TV", ["SERMAN", "PARSA"][*brand]), "serial": serial}, "faults": ["dead"], "photos": photos})
        });
        let devices = devices.collect::<Vec<_>>();
        let body = json!({"centre": self.house.centres[pairs[0].0], "customer": {"new": {"name": name, "phones": [phone]}}, "devices": devices});
        let made = self.post("/receptions", body).await;
        let reception = text(&made["id"]);
        let (mut repairs, mut ids, mut prices) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..pairs.len() {
            let repair = text(&made["repairs"][at]["id"]);
            let unit = 1_370_000 + i64::try_from(index * 10 + at).expect("small") * 1_013;
            let does = async |noun: &str, body: Value| self.post(&format!("/repairs/{repair}/{noun}"), body).await;
            does("moves", json!({"transition": "to-diagnosis"})).await;
            does("diagnose", json!({"fault": "dead", "cause": "wear"})).await;
            does("operations", json!({"service": "WORK", "quantity_milli": 2000, "unit_price": unit})).await;
            does("estimates", json!({"ask": true})).await;
            does("estimates/answer", json!({"answer": "accepted"})).await;
            does("moves", json!({"transition": "repaired"})).await;
            does("checklist", json!({"items": ["runs"]})).await;
            does("moves", json!({"transition": "passed"})).await;
            prices.push((unit, unit * 2));
            ids.push(text(&made["repairs"][at]["device"]));
            repairs.push(repair);
        }
        let handed = self.post(&format!("/receptions/{reception}/hand-over"), json!({})).await;
        let invoice = text(&handed["invoices"][0]["id"]);
        self.post(&format!("/invoices/{invoice}/payments"), json!({"method": "cash"})).await;
        let papers = self.ask(Method::GET, &format!("/documents/of/invoice/{invoice}"), Value::Null).await;
        let (customer, document, photo) =
            (text(&made["customer"]["id"]), text(&papers["items"][0]["id"]), text(&photo["id"]));
        Visit {
            pairs,
            reception,
            repairs,
            devices: ids,
            serials,
            customer,
            name,
            phone: phone[1..].to_owned(),
            invoice,
            document,
            prices,
            photo,
        }
    }
}

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Something that may be told, and who may be told it.
type Thing<'s> = (String, Box<dyn Fn(&Who) -> bool + 's>);

/// What an operation reads or changes, as the model knows it.
enum About<'s> {
    /// Things by their ids, and whether somebody may do it with each.
    Things(Vec<Thing<'s>>),
    /// A list or a search: only the words of what is hidden are looked for.
    List,
    /// Open to who has the right anywhere, for the reason that stands beside it.
    Shared(#[expect(dead_code, reason = "for who reads the model")] &'static str),
}

impl Scene {
    fn by_visit<'s>(
        &'s self,
        id: impl Fn(&'s Visit) -> Vec<&'s String>,
        may: impl Fn(&Who, &'s Visit, usize) -> bool + Copy + 's,
    ) -> About<'s> {
        let mut things: Vec<Thing<'s>> = Vec::new();
        for visit in &self.visits {
            for (at, id) in id(visit).into_iter().enumerate() {
                things.push((id.clone(), Box::new(move |who: &Who| may(who, visit, at))));
            }
        }
        About::Things(things)
    }

    fn by_index<'s>(&'s self, ids: &'s [String], may: impl Fn(&Who, usize) -> bool + Copy + 's) -> About<'s> {
        let thing = |(index, id): (usize, &'s String)| {
            (id.clone(), Box::new(move |who: &Who| may(who, index)) as Box<dyn Fn(&Who) -> bool + 's>)
        };
        About::Things(ids.iter().enumerate().map(thing).collect())
    }

    /// Who may do what with the things of an operation. `None`: it was not placed yet.
    fn about<'s>(&'s self, operation: &Operation) -> Option<About<'s>> {
        let action = operation.action?;
        let is_read = operation.method == Method::GET;
        let path = operation.path;
        let noun = path.split('/').nth(1).unwrap_or_default();
        if !path.contains("{id}") {
            return Some(About::List);
        }
        Some(match noun {
            "receptions" if operation.id == "sendHandOverCode" => {
                self.by_visit(|visit| vec![&visit.reception], move |who, visit, _| visit.any(who, &[action]))
            }
            "receptions" if is_read || operation.id == "handOver" => {
                self.by_visit(|visit| vec![&visit.reception], move |who, visit, _| visit.any(who, &[action]))
            }
            "receptions" => self.by_visit(|visit| vec![&visit.reception], move |who, visit, _| visit.all(who, action)),
            "repairs" => self.by_visit(
                |visit| visit.repairs.iter().collect(),
                move |who, visit, at| who.may(action, visit.pairs[at]),
            ),
            "devices" => self.by_visit(
                |visit| visit.devices.iter().collect(),
                move |who, visit, at| who.may_in_brand(action, visit.pairs[at].1),
            ),
            "customers" if action == A::KeepPersonalData => {
                self.by_visit(|visit| vec![&visit.customer], |_, _, _| false)
            }
            "customers" => self.by_visit(|visit| vec![&visit.customer], move |who, visit, _| visit.any(who, &[action])),
            "invoices" => self.by_visit(
                |visit| vec![&visit.invoice],
                move |who, visit, _| visit.all(who, action) && (visit.pairs.len() == 1 || visit.all(who, action)),
            ),
            "documents" if path.contains("{kind}") => {
                self.by_visit(|visit| vec![&visit.invoice], |who, visit, _| visit.all(who, A::ViewMoney))
            }
            "documents" => self.by_visit(|visit| vec![&visit.document], |who, visit, _| visit.all(who, A::ViewMoney)),
            "photos" => self.by_visit(|visit| vec![&visit.photo], |who, visit, _| who.may(A::ViewWork, visit.pairs[0])),
            "imports" => self.by_index(std::slice::from_ref(&self.import), |_, _| false),
            "products" if !is_read => self.by_index(&self.products, move |who, index| who.may_of_brand(action, index)),
            "policies" if !is_read => self.by_index(&self.policies, move |who, index| who.may_of_brand(action, index)),
            "staff" if is_read => {
                self.by_index(&self.staff, move |who, index| (0..2).any(|brand| who.may(action, (index, brand))))
            }
            "staff" => self.by_index(&self.staff, move |who, index| who.may_of_centre(action, index)),
            "sections" if is_read => {
                self.by_index(&self.sections, move |who, index| (0..2).any(|brand| who.may(action, (index, brand))))
            }
            "sections" => self.by_index(&self.sections, move |who, index| who.may_of_centre(action, index)),
            "centres" if is_read => self
                .by_index(&self.house.centres, move |who, index| (0..2).any(|brand| who.may(action, (index, brand)))),
            "centres" if operation.id == "retireCentre" => self.by_index(&self.house.centres, |_, _| false),
            "centres" => self.by_index(&self.house.centres, move |who, index| who.may_of_centre(action, index)),
            "users" => self.by_index(&self.users, move |who, index| index < 2 && who.may_of_centre(action, index)),
            // Nobody here holds everything: what all centres and brands share is read and not changed.
            "brands" if !is_read => self.by_index(&self.house.brands, |_, _| false),
            "products" | "policies" | "brands" | "legal-entities" | "product-kinds" | "services" | "faults"
            | "causes" | "choices" => About::Shared("the catalogue is one for all; its prices are tried as amounts"),
            "cards" => {
                About::Shared("a card is found by its device's brand: tried with devices, no visit here has one")
            }
            "tasks" => About::Shared("of the whole installation, for who keeps all of it (store_tests/jobs)"),
            "tokens" => About::Shared("one's own, found by their person alone (http/forms)"),
            _ => return None,
        })
    }

    /// Every road on which something is read, with all things that it can be asked for.
    fn reads(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for visit in &self.visits {
            let one = |id: &String| vec![id.clone()];
            let subjects = [
                ("reception", one(&visit.reception)),
                ("repair", visit.repairs.clone()),
                ("device", visit.devices.clone()),
                ("customer", one(&visit.customer)),
                ("invoice", one(&visit.invoice)),
            ];
            for (subject, ids) in subjects {
                paths.extend(ids.iter().map(|id| format!("/timeline?subject={subject}&id={id}")));
            }
            paths.push(format!("/documents/of/reception/{}", visit.reception));
            for q in [visit.serials[0].clone(), format!("0{}", visit.phone), visit.name.replace(' ', "+")] {
                paths.push(format!("/search?q={q}"));
            }
            paths.push(format!("/receptions?customer={}", visit.customer));
            paths.push(format!("/invoices?payer={}", visit.customer));
            paths.push(format!("/invoices?reception={}", visit.reception));
            paths.push(format!("/devices?owner={}", visit.customer));
        }
        paths
    }
}

fn words(text: &str, hidden: &[String]) -> Vec<String> {
    hidden.iter().filter(|word| text.contains(word.as_str())).cloned().collect()
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() {
    for house in House::each() {
        let scene = Scene::of(house).await;
        let mut wrong = Vec::new();
        for who in PEOPLE {
            let hidden = scene
                .visits
                .iter()
                .flat_map(|visit| visit.hidden_from(who))
                .chain(["Secret Sample".to_owned()])
                .collect::<Vec<_>>();
            let token = scene.house.token(who.login);
            let (cookie, _) = scene.house.signed_in(who.login).await;
            for operation in
                api::table().iter().filter(|operation| operation.method == Method::GET && operation.action.is_some())
            {
                let Some(about) = scene.about(operation) else { panic!("{} was not placed", operation.id) };
                let (paths, expected): (Vec<_>, Vec<_>) = match about {
                    About::Things(things) => things
                        .into_iter()
                        .map(|(id, may)| {
                            (operation.path.replace("{id}", &id).replace("{kind}", "invoice"), Some(may(who)))
                        })
                        .unzip(),
                    About::List if operation.id == "search" || operation.id == "getTimeline" => continue,
                    About::List => {
                        (vec![format!("{}?limit=200", operation.path), operation.path.to_owned()], vec![None, None])
                    }
                    About::Shared(_) => continue,
                };
                for (path, expected) in paths.into_iter().zip(expected) {
                    let answer = scene.house.call(Some(&token), Method::GET, &path, None).await;
                    let told = words(&answer.text, &hidden);
                    // No device here has a passcode: who may see one finds none.
                    let expected = expected.filter(|may| !(*may && operation.id == "getPasscode"));
                    let refused = matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN);
                    if !told.is_empty() || answer.status.is_server_error() || expected.is_some_and(|may| may == refused)
                    {
                        wrong.push(format!("{} {path}: {} {told:?}", who.login, answer.status));
                    }
                }
            }
            for path in scene.reads() {
                let answer = scene.house.call(Some(&token), Method::GET, &path, None).await;
                // What was asked for by its own word is in the answer's question, not in its finds.
                let told = words(&answer.text, &hidden);
                if !told.is_empty() || answer.status.is_server_error() {
                    wrong.push(format!("{} {path}: {} {told:?}", who.login, answer.status));
                }
            }
            for path in pages(&scene) {
                let answer = scene.house.page(Some(&cookie), &path).await;
                let told = words(&answer.text, &hidden);
                if !told.is_empty() || answer.status.is_server_error() {
                    wrong.push(format!("{} page {path}: {} {told:?}", who.login, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[tokio::test]
async fn the_visits_of_a_customer_are_told_to_who_sees_them_and_their_sheets_to_who_sees_customers() {
    for house in House::each() {
        let scene = Scene::of(house).await;
        // Somebody who was served for one brand owns a device of the other, whose manager so knows them.
        let visit = &scene.visits[1];
        scene.post("/devices", json!({"product": "SERMAN-TV", "serial": "SN-OWNED", "owner": visit.customer})).await;
        let timeline = format!("/timeline?subject=customer&id={}", visit.customer);
        let happened = ["devices_received", "handed_over", "invoice_issued", "payment_recorded"];
        for (login, is_told) in [("maker-0", false), ("desk-0", true)] {
            let answer = scene.house.call(Some(&scene.house.token(login)), Method::GET, &timeline, None).await;
            assert_eq!(answer.status, StatusCode::OK, "{login}: {}", answer.text);
            assert_eq!(happened.map(|event| answer.text.contains(event)), [is_told; 4], "{login}: {}", answer.text);
        }
        for who in PEOPLE {
            let token = scene.house.token(who.login);
            for visit in &scene.visits {
                let answer = scene
                    .house
                    .call(Some(&token), Method::GET, &format!("/documents/of/reception/{}", visit.reception), None)
                    .await;
                let is_told = answer.status == StatusCode::OK
                    && answer.json()["items"].as_array().is_some_and(|items| !items.is_empty());
                assert_eq!(
                    is_told,
                    visit.all(who, A::ViewWork) && visit.any(who, &[A::ViewCustomers]),
                    "{} {:?}: {}",
                    who.login,
                    visit.pairs,
                    answer.text
                );
            }
        }
    }
}

/// The pages, with all things that they can be asked for.
fn pages(scene: &Scene) -> Vec<String> {
    let mut paths = [
        "/",
        "/repairs",
        "/receptions",
        "/customers",
        "/devices",
        "/cards",
        "/invoices",
        "/imports",
        "/messages",
        "/reports/failure-causes",
        "/keep/products",
        "/keep/services",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(
        ["repairs", "receptions", "customers", "devices", "invoices"].map(|list| format!("/{list}?format=csv")),
    );
    paths.push(format!("/imports/{}", scene.import));
    for visit in &scene.visits {
        paths.push(format!("/receptions/{}", visit.reception));
        paths.push(format!("/customers/{}", visit.customer));
        paths.push(format!("/invoices/{}", visit.invoice));
        paths.extend(visit.repairs.iter().map(|id| format!("/repairs/{id}")));
        paths.extend(visit.devices.iter().flat_map(|id| [format!("/devices/{id}"), format!("/receive?device={id}")]));
        paths.push(format!("/receive?customer={}", visit.customer));
    }
    paths
}

#[tokio::test]
async fn everybody_finds_all_that_is_theirs() {
    for house in House::each() {
        let scene = Scene::of(house).await;
        for who in PEOPLE {
            let token = scene.house.token(who.login);
            let listed = async |list: &str| -> BTreeSet<String> {
                let answer =
                    scene.house.call(Some(&token), Method::GET, &format!("/{list}?limit=200"), None).await.json();
                answer["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|row| row["id"].as_str().map(str::to_owned))
                    .collect()
            };
            let theirs = |id: fn(&Visit) -> Vec<String>, may: &dyn Fn(&Visit, usize) -> bool| -> BTreeSet<String> {
                scene
                    .visits
                    .iter()
                    .flat_map(|visit| {
                        id(visit)
                            .into_iter()
                            .enumerate()
                            .filter(|(at, _)| may(visit, *at))
                            .map(|(_, id)| id)
                            .collect::<Vec<_>>()
                    })
                    .collect()
            };
            let checks = [
                ("repairs", theirs(|visit| visit.repairs.clone(), &|visit, at| who.may(A::ViewWork, visit.pairs[at]))),
                (
                    "receptions",
                    theirs(|visit| vec![visit.reception.clone()], &|visit, _| visit.any(who, &[A::ViewWork])),
                ),
                (
                    "customers",
                    theirs(|visit| vec![visit.customer.clone()], &|visit, _| visit.any(who, &[A::ViewCustomers])),
                ),
                ("invoices", theirs(|visit| vec![visit.invoice.clone()], &|visit, _| visit.all(who, A::ViewMoney))),
                (
                    "devices",
                    theirs(|visit| visit.devices.clone(), &|visit, at| {
                        who.may_in_brand(A::ViewWork, visit.pairs[at].1)
                    }),
                ),
            ];
            for (list, expected) in checks {
                assert_eq!(listed(list).await, expected, "{} {list}", who.login);
            }
            let report = scene.house.call(Some(&token), Method::GET, "/reports/failure-causes", None).await;
            let counted = report.json()["rows"]
                .as_array()
                .map(|rows| rows.iter().filter_map(|row| row["repairs"].as_i64()).sum::<i64>());
            let theirs = scene
                .visits
                .iter()
                .flat_map(|visit| &visit.pairs)
                .filter(|pair| who.may(A::ViewReports, **pair))
                .count();
            assert_eq!(
                counted.unwrap_or(0),
                i64::try_from(theirs).expect("few"),
                "{} report {}",
                who.login,
                report.text
            );
            // Its file counts the same: a page of the browser's, for who may see it.
            let (cookie, _) = scene.house.signed_in(who.login).await;
            let file = scene.house.page(Some(&cookie), "/reports/failure-causes?format=csv").await;
            let in_file = file
                .text
                .lines()
                .skip(1)
                .filter_map(|line| line.split(',').nth(1).and_then(domain::text::whole_number))
                .sum::<i64>();
            assert_eq!(in_file, counted.unwrap_or(0), "{} file {}", who.login, file.text);
        }
    }
}

#[tokio::test]
async fn nobody_changes_what_is_not_theirs() {
    for house in House::each() {
        let scene = Scene::of(house).await;
        let mut wrong = Vec::new();
        let before = footprint(&scene);
        for who in PEOPLE {
            let token = scene.house.token(who.login);
            for operation in
                api::table().iter().filter(|operation| operation.method != Method::GET && operation.action.is_some())
            {
                let Some(about) = scene.about(operation) else { panic!("{} was not placed", operation.id) };
                let About::Things(things) = about else { continue };
                let body = if operation.example.is_null() { json!({}) } else { operation.example.clone() };
                for (id, _) in things.into_iter().filter(|(_, may)| !may(who)) {
                    let path = operation.path.replace("{id}", &id);
                    let answer = scene.house.call(Some(&token), operation.method.clone(), &path, Some(&body)).await;
                    if !matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
                        wrong.push(format!("{} {} {path}: {} {}", who.login, operation.id, answer.status, answer.text));
                    }
                }
            }
            for (path, body, may) in scene.makes(who) {
                let answer = scene.house.call(Some(&token), Method::POST, path, Some(&body)).await;
                if !may && answer.status.is_success() {
                    wrong.push(format!("{} {path} {body}: {} {}", who.login, answer.status, answer.text));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(before, footprint(&scene), "what was refused left something behind");
    }
}

/// How often something happened, refusals aside.
fn footprint(scene: &Scene) -> i64 {
    use store::query::*;
    use store::schema::journal;
    scene
        .house
        .db
        .read(|conn| {
            Ok(journal::table
                .filter(journal::kind.ne_all(["access_refused", "user_saved", "token_made"]))
                .count()
                .get_result::<i64>(conn)?)
        })
        .expect("counted")
}

impl Scene {
    /// What would make something of another's, or give somebody more than their maker has: path, body, and whether the
    /// maker may.
    fn makes(&self, who: &Who) -> Vec<(&'static str, Value, bool)> {
        let title = json!({"fa": "x", "en": "x"});
        let person = |login: &str, roles: Value| json!({"login": format!("{login}-{}", who.login), "name": "x", "password": "correct horse", "roles": roles});
        let mut out = Vec::new();
        out.push(("/users", person("global", json!([{"role": "administrator"}])), false));
        out.push((
            "/users",
            person("there", json!([{"role": "receptionist", "centre": self.house.centres[1]}])),
            who.may_of_centre(A::KeepAccess, 1),
        ));
        out.push(("/permissions", json!({"role": "technician", "action": "view_money", "is_allowed": true}), false));
        out.push(("/installation", json!({"second_factor": "nobody"}), false));
        for brand in 0..2 {
            let product = json!({"code": format!("P-{brand}-{}", who.login), "title": title, "kind": self.kind(), "brand": self.house.brands[brand]});
            if !who.may_of_brand(A::KeepCatalogue, brand) {
                out.push(("/products", product, false));
            }
            if !who.may_of_brand(A::KeepPolicies, brand) {
                out.push(("/policies", json!({"code": format!("Q-{brand}-{}", who.login), "title": title, "brand": self.house.brands[brand], "usual": {"months": 1}}), false));
            }
        }
        out.push((
            "/policies",
            json!({"code": format!("Q-{}", who.login), "title": title, "usual": {"months": 1}}),
            false,
        ));
        for visit in &self.visits {
            for ((centre, brand), device) in visit.pairs.iter().zip(&visit.devices) {
                if !who.may(A::Receive, (*centre, *brand)) {
                    let body = json!({"centre": self.house.centres[*centre], "customer": {"new": {"name": "x"}}, "devices": [{"device": device, "faults": ["dead"]}]});
                    out.push(("/receptions", body, false));
                }
                if !visit.any(who, &[A::ViewCustomers, A::Receive]) {
                    let body = json!({"customer": {"id": visit.customer}, "devices": [{"new_device": {"product": "SERMAN-TV", "serial": format!("NEW-{}", who.login)}, "faults": ["dead"]}]});
                    out.push(("/receptions", body, false));
                }
                if !who.may_in_brand(A::IssueCards, *brand) {
                    out.push(("/cards", json!({"device": device, "policy": self.policies[*brand]}), false));
                }
            }
        }
        if !who.may_of_centre(A::KeepStaff, 1) {
            out.push(("/staff", json!({"centre": self.house.centres[1], "personnel_code": "77", "name": "x"}), false));
        }
        out
    }

    fn kind(&self) -> String {
        use store::query::*;
        use store::schema::product_kinds;
        self.house
            .db
            .read(|conn| Ok(product_kinds::table.select(product_kinds::public_id).first(conn)?))
            .expect("a kind")
    }
}
