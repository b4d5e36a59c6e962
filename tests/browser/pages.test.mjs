// Every page of the demo at three widths in both languages: WCAG 2.2 AA, nothing wider than the screen, no missing sentence; and what comes back when a
// form fails.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person, launch } from "../support/browser.mjs";
import { Server } from "../support/server.mjs";

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start("sqlite", { command: "demo" }), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.remove();
});

const PLAIN = [
  "/", "/receive", "/repairs", "/receptions", "/devices", "/cards", "/customers", "/invoices", "/imports", "/keep", "/me", "/messages", "/reports/failure-causes", "/reports/failure-causes?by=cause", "/search?q=SRF",
  "/search?q=nothing-of-the-kind", "/repairs?stage=parts", "/repairs?fault=none", "/me/second-factor", "/keep/products", "/keep/products/new", "/keep/users", "/keep/users/new", "/keep/policies/new", "/keep/centres", "/keep/faults", "/keep/installation", "/keep/permissions", "/keep/security-log", "/keep/security-log?only_refused=true", "/keep/tasks", "/keep/tasks?state=parked",
];
const LISTS = ["/repairs", "/repairs?stage=approval&is_open=true", "/devices", "/cards", "/customers", "/invoices", "/receptions", "/keep/users", "/keep/policies", "/keep/products"];

for (const lang of ["fa", "en"]) {
  test(`every page keeps to WCAG 2.2 AA at 1440, 768 and 360 (${lang})`, async () => {
    const problems = [];
    for (const width of [1440, 768, 360]) {
      const admin = await Person.at(browser, server.base, "admin", { width, lang });
      const paths = [...PLAIN];
      for (const list of LISTS) {
        await admin.page.goto(server.base + list);
        paths.push(await admin.page.locator(`main td a[href^="${list.split("?")[0]}/"]`).first().getAttribute("href"));
      }
      for (const path of paths) {
        const answer = await admin.page.goto(server.base + path);
        assert.equal(answer.status(), 200, path);
        await admin.accessible().catch((error) => problems.push(`${width} ${path}: ${error.message.slice(0, 600)}`));
        await admin.picture(`${path.replace(/\/[0-9a-z]{16}$/, "-one").replaceAll(/[^a-z]+/g, "-").replaceAll(/^-|-$/g, "") || "home"}-${lang}-${width}`);
      }
      await admin.page.context().close();
    }
    assert.deepEqual(problems, []);
  });
}

test("dark mode keeps its contrast", async () => {
  const admin = await Person.at(browser, server.base, "admin");
  await admin.page.emulateMedia({ colorScheme: "dark" });
  for (const path of ["/", "/receive", "/repairs", "/reports/failure-causes"]) {
    await admin.page.goto(server.base + path);
    await admin.accessible();
  }
  await admin.page.context().close();
});

test("what a stranger sees keeps to it too: sign-in, tracking, and a number that is none", async () => {
  for (const lang of ["fa", "en"]) {
    const { items } = await server.call("admin", "GET", "/receptions?limit=1");
    const page = await (await browser.newContext({ viewport: { width: 360, height: 740 }, locale: lang, bypassCSP: true })).newPage();
    const stranger = Object.assign(new Person(), { page, base: server.base });
    const { tracking_number } = await server.call("admin", "GET", `/receptions/${items[0].id}`);
    for (const [name, path] of Object.entries({ "sign-in": "/sign-in", code: "/sign-in/code", "track-ask": "/t", track: `/t/${tracking_number}`, "track-wrong": "/t/123456789012" })) {
      await page.goto(server.base + path);
      assert.equal(await page.getAttribute("html", "dir"), lang === "fa" ? "rtl" : "ltr");
      await stranger.accessible();
      await stranger.picture(`stranger-${name}-${lang}-360`);
    }
    await page.context().close();
  }
});

test("bad input comes back filled, with the fault beside its field, in the person's language, and the focus on it", async () => {
  for (const [lang, example] of [["fa", /۰۹۱۲۳۴۵۶۷۸۹/], ["en", /09123456789/]]) {
    const desk = await Person.at(browser, server.base, "maryam", { lang });
    await desk.page.goto(`${server.base}/receive`);
    const typed = { "customer.new.name": "زهرا کریمی", "customer.new.phones[]": "0912", "devices[0].new_device.serial": "X-1", "devices[0].new_device.product": "SRF-1000", "devices[0].faults[]": "C01" };
    for (const [name, value] of Object.entries(typed)) await desk.page.fill(`[name="${name}"]`, value);
    await desk.press("Control+Enter");
    await desk.page.waitForSelector('[role="alert"]');
    for (const [name, value] of Object.entries(typed)) assert.equal(await desk.page.inputValue(`[name="${name}"]`), value);
    assert.match(await desk.text(".field-fault"), example);
    assert.equal(await desk.page.evaluate(() => document.activeElement.getAttribute("aria-invalid")), "true");
    await desk.accessible();
    await desk.picture(`bad-input-${lang}-1440`);
    await desk.page.context().close();
  }
});

/** Forms that fail: the page, the operation, what is typed, and the field that is faulty. */
async function failing() {
  const first = async (path) => (await server.call("admin", "GET", path)).items[0].id;
  const device = await first("/devices");
  return [
    [`/devices/${device}`, "updateDevice", { "new_owner.name": "رضا رضایی", "new_owner.phones[]": "12" }, "new_owner.phones[]"],
    [`/devices/${device}`, "addDeviceEvent", { on: "1405/13/40" }, "on"],
    [`/devices/${device}`, "createCard", { number: "G-1", seller: "فروشگاه سپه", starts_on: "tomorrow" }, "starts_on"],
    [`/cards/${await first("/cards")}`, "updateDevice", { "new_owner.phones[]": "12", "new_owner.name": "رضا رضایی", note: "نشتی دارد" }, "new_owner.phones[]"],
    [`/repairs/${await first("/repairs?is_open=true")}`, "changePromise", { promised_on: "1405/02/32", reason: "قطعه نرسید" }, "promised_on"],
    [`/keep/customers/${await first("/customers")}`, "updateCustomer", { name: "شرکت نمونه", "phones[]": "12" }, "phones[]"],
    [`/keep/products/${await first("/products")}`, "updateProduct", { "title.en": "A name of some length that goes on and on, as names of products do", "components[0].quantity": "دو" }, "components[0].product"],
    ["/keep/permissions?role=receptionist", "changePermission", { percent: "300", amount: "1000" }, "percent"],
    ["/keep/installation", "setVatRate", { from: "1406/01/01", percent: "هیچ" }, "percent"],
  ];
}

for (const [lang, width] of [["fa", 1440], ["en", 360], ["fa", 360], ["en", 768]]) {
  test(`a form that fails comes back on its page, unfolded and filled, with the fault at its field (${lang}, ${width})`, async () => {
    const admin = await Person.at(browser, server.base, "admin", { lang, width });
    for (const [path, operation, typed, faulty] of await failing()) {
      await admin.page.goto(server.base + path);
      await admin.send(operation, typed, { extra: `:has([name="${faulty}"])` });
      const form = admin.page.locator(`form[action^="/do/${operation}"]`, { has: admin.page.locator(`[name="${faulty}"]`) }).first();
      for (const [name, value] of Object.entries(typed)) assert.equal(await form.locator(`[name="${name}"]`).inputValue(), value, `${path} ${operation} ${name}`);
      const field = form.locator(`[name="${faulty}"]`);
      assert.equal(await field.getAttribute("aria-invalid"), "true", `${path} ${operation}`);
      // The focus is on it, where nothing that stays in view covers it.
      const seen = await admin.page.evaluate(() => {
        const { x, y, width, height } = document.activeElement.getBoundingClientRect();
        return document.elementFromPoint(x + width / 2, y + height / 2)?.name;
      });
      assert.equal(seen, faulty, `${path} ${operation}`);
      assert.ok(await form.locator(`[id="${await field.getAttribute("aria-describedby")}"]`).isVisible());
      await admin.accessible();
      await admin.picture(`failed-${operation}-${path.split("/")[1]}-${lang}-${width}`);
    }
    await admin.page.context().close();
  });
}

test("work is given to one of those who may do it; they are shown the passcode of the device, and others are not", async () => {
  for (const lang of ["fa", "en"]) {
    const desk = await Person.at(browser, server.base, "maryam", { lang });
    const body = { customer: { new: { name: "پرستو امینی", phones: ["09121231234"] } }, devices: [{ new_device: { product: "SRF-1000", serial: `PC-${lang}` }, passcode: "2580", note: "روشن نمی‌شود" }] };
    const { repairs: [{ id }] } = await server.call("maryam", "POST", "/receptions", body);
    await desk.page.goto(`${server.base}/repairs/${id}`);
    assert.equal(await desk.page.locator('form[action$="/passcode"]').count(), 0);
    const offered = await desk.page.locator('form[action^="/do/assignRepair"] option').evaluateAll((options) => options.map((one) => one.value));
    assert.ok(offered.includes("saeed") && !offered.includes("maryam") && !offered.includes("davood"), `${offered}`);
    await desk.send("assignRepair", { login: offered.indexOf("saeed") });
    assert.equal((await server.call("admin", "GET", `/repairs/${id}`)).assignee, await desk.page.locator('option[value="saeed"]').textContent());
    await desk.page.context().close();

    const bench = await Person.at(browser, server.base, "saeed", { lang });
    await bench.page.goto(server.base);
    await bench.follow(`main a[href="/repairs/${id}"]`, /\/repairs\//);
    assert.doesNotMatch(await bench.text(), /2580/);
    await bench.tabTo('form[action$="/passcode"] button');
    await bench.go();
    assert.match(await bench.text(), /2580/);
    await bench.accessible();
    await bench.picture(`passcode-${lang}-1440`);
    await bench.page.context().close();
  }
});

test("at the counter what is known takes the place of what is typed, and nothing else of the page is lost", async () => {
  const { items } = await server.call("admin", "GET", "/repairs?is_open=false");
  const { serial, device, customer } = items.find((row) => row.outcome === "repaired");
  const { phones } = await server.call("admin", "GET", `/customers/${customer.id}`);
  for (const lang of ["fa", "en"]) {
    const desk = await Person.at(browser, server.base, "maryam", { lang });
    const { page } = desk;
    await page.goto(`${server.base}/receive`);
    await desk.tabTo('[name="devices[0].note"]');
    await page.keyboard.type("می‌لرزد");
    await page.locator(".chip input").first().check();
    await page.locator(".chip-other").first().fill("سه‌پایه");
    // A scanner types the serial and sends Enter; a hand that leaves the field does the same.
    await page.focus('[name="devices[0].new_device.serial"]');
    await page.keyboard.type(serial);
    await desk.press(lang === "fa" ? "Enter" : "Tab");
    await page.waitForSelector('[name="devices[0].device"]', { state: "attached" });
    await page.waitForSelector("#answer .verdict");
    assert.equal(await page.inputValue('[name="devices[0].device"]'), device);
    await page.waitForSelector('#who [name="customer.id"]', { state: "attached" });
    await desk.press("Alt+d");
    await page.waitForSelector('[name="devices[1].new_device.serial"]');
    assert.equal(await page.inputValue('[name="devices[0].note"]'), "می‌لرزد");
    assert.equal(await page.locator(".chip input").first().isChecked(), true);
    assert.equal(await page.locator(".chip-other").first().inputValue(), "سه‌پایه");
    await desk.accessible();
    await desk.picture(`receive-two-${lang}-1440`);
    // A phone that is known offers its people; nobody is put in anybody's place unasked.
    await page.goto(`${server.base}/receive`);
    await page.fill('[name="customer.new.name"]', "کسی دیگر");
    await page.fill('[name="customer.new.phones[]"]', phones[0]);
    await page.locator('[name="customer.new.phones[]"]').blur();
    await page.waitForSelector(`[name="_choose"][value="${customer.id}"]`);
    assert.equal(await page.inputValue('[name="customer.new.name"]'), "کسی دیگر");
    await desk.accessible();
    await desk.picture(`receive-known-${lang}-1440`);
    await page.click(`[name="_choose"][value="${customer.id}"]`);
    await page.waitForSelector('[name="customer.id"]', { state: "attached" });
    assert.equal(await page.inputValue('[name="customer.id"]'), customer.id);
    // More than one fault can be reported of a device.
    for (const [field, typed] of Object.entries({ '[name="devices[0].new_device.serial"]': `TF-${lang}`, '[name="devices[0].new_device.product"]': "SRF-1000", "#d0-faults": "C01", "#d0-faults-2": "C04" })) await page.fill(field, typed);
    await desk.press("Control+Enter");
    await page.waitForURL(/\/receptions\//);
    const repair = (await page.locator('main a[href^="/repairs/"]').first().getAttribute("href")).split("/").pop();
    assert.deepEqual((await server.call("admin", "GET", `/repairs/${repair}`)).reported.map((fault) => fault.code), ["C01", "C04"]);
    await page.context().close();
  }
});

test("what nobody knows is received with its day of sale, from the field where the work begins, on a phone too", async () => {
  for (const [lang, width, sold] of [["fa", 360, "۱۴۰۴/۰۱/۱۵"], ["en", 1440, "2025-04-04"]]) {
    const desk = await Person.at(browser, server.base, "maryam", { lang, width });
    const { page } = desk;
    await page.goto(`${server.base}/receive`);
    assert.equal(await page.evaluate(() => document.activeElement.name), "devices[0].new_device.serial");
    await page.keyboard.type(`SOLD-${lang}`);
    for (const [name, value] of Object.entries({ "customer.new.name": "نگار رستمی", "customer.new.phones[]": "09124443322", "devices[0].new_device.product": "SRF-1000", "devices[0].new_device.events[0].on": "tomorrow", "devices[0].faults[]": "C01" })) {
      await page.fill(`[name="${name}"]`, value);
    }
    await desk.press("Control+Enter");
    await page.waitForSelector('[name="devices[0].new_device.events[0].on"][aria-invalid="true"]');
    await page.fill('[name="devices[0].new_device.events[0].on"]', sold);
    await desk.press("Control+Enter");
    await page.waitForURL(/\/receptions\//);
    const repair = (await page.locator('main a[href^="/repairs/"]').first().getAttribute("href")).split("/").pop();
    const { device } = await server.call("admin", "GET", `/repairs/${repair}`);
    assert.equal((await server.call("admin", "GET", `/devices/${device.id}`)).sold_on, "2025-04-04");
    // One's own page is one step away at every width.
    await page.locator('a[href="/me"]:visible').first().click();
    await page.waitForURL(/\/me$/);
    await page.context().close();
  }
});

test("a product and a fault are found by words of their titles in any order, chosen by keys, and their titles show", async () => {
  for (const [lang, product, fault, shown] of [["fa", "یخچال", "نمی شود روشن", "روشن نمی‌شود · E01"], ["en", "fridge", "switch on not", "Does not switch on · E01"]]) {
    const desk = await Person.at(browser, server.base, "maryam", { lang });
    const { page } = desk;
    const choose = async (name, typed) => {
      await desk.tabTo(`[name="${name}"]`);
      await page.keyboard.type(typed);
      await page.waitForSelector("#choices [aria-selected=true]");
      assert.equal(await page.getAttribute(`[name="${name}"]`, "aria-expanded"), "true");
    };
    await page.goto(`${server.base}/receive`);
    await page.keyboard.type(`PICK-${lang}`);
    await choose("devices[0].new_device.product", product);
    const first = await page.locator("#choices [data-value]").first().getAttribute("data-value");
    await desk.press("Tab");
    assert.equal(await page.inputValue('[name="devices[0].new_device.product"]'), first);
    assert.equal(await page.locator("#choices").count(), 0);
    await choose("devices[0].faults[]", fault);
    await desk.accessible();
    await desk.picture(`choices-${lang}-1440`);
    // What is left without choosing stays as it was typed; what is chosen shows its title.
    await desk.press("Escape");
    assert.equal(await page.inputValue("#d0-faults"), fault);
    await desk.press("ArrowDown");
    await page.waitForSelector("#choices [data-value]");
    await desk.press("ArrowDown");
    await desk.press("Enter");
    assert.equal(await page.inputValue("#d0-faults"), shown);
    await page.fill('[name="customer.new.name"]', "نگار رستمی");
    await desk.press("Control+Enter");
    await page.waitForURL(/\/receptions\//);
    const repair = (await page.locator('main a[href^="/repairs/"]').first().getAttribute("href")).split("/").pop();
    const view = await server.call("admin", "GET", `/repairs/${repair}`);
    assert.deepEqual(view.reported.map((known) => known.code), ["E01"]);
    assert.ok(first.endsWith(` · ${view.device.product.code}`), first);
    await page.context().close();
  }
});

test("who is not shown prices sets none, and a PIN is set by who knows the password", async () => {
  const bench = await Person.at(browser, server.base, "davood");
  const { items } = await server.call("davood", "GET", "/repairs?is_open=true&limit=50");
  await bench.page.goto(`${server.base}/repairs/${items[0].id}`);
  assert.deepEqual([await bench.page.locator('form[action^="/do/addOperation"]').count() > 0, await bench.page.locator('[name="unit_price"]').count()], [true, 0]);
  await bench.page.goto(`${server.base}/me`);
  const set = async (password) => {
    await bench.page.fill("#pin-password", password);
    await bench.page.fill("#pin-pin", "4711");
    await Promise.all([bench.page.waitForEvent("load"), bench.page.click('form[action="/me/pin"] button')]);
  };
  await set("not it");
  assert.equal(await bench.page.getAttribute("#pin-password", "aria-invalid"), "true");
  await bench.accessible();
  await set("zamen-demo");
  assert.equal(await bench.page.locator("h2:has-text('پین') .badge-state").count(), 1);
  await bench.page.context().close();
});

test("a token for some actions alone is made on one's own page, and does no more", async () => {
  const admin = await Person.at(browser, server.base, "admin");
  const { page } = admin;
  await page.goto(`${server.base}/me`);
  await page.fill("#token-title", "the site");
  await page.fill("#token-password", "zamen-demo");
  await page.click('summary:has-text("تنها برای برخی کارها")');
  await page.check('[name="scopes[]"][value="view_work"]');
  await Promise.all([page.waitForEvent("load"), page.click('form[action="/me/tokens"] button')]);
  const token = await admin.text(".notice .code");
  const status = async (path) => (await fetch(`${server.base}/api/v1${path}`, { headers: { authorization: `Bearer ${token.trim()}` } })).status;
  assert.deepEqual([await status("/repairs"), await status("/users")], [200, 403]);
  assert.equal((await admin.text('tr:has-text("the site") td:nth-child(2)')).trim(), "دیدن کارها");
  await admin.accessible();
  await admin.picture("token-fa-1440");
  await page.context().close();
});

test("what a cover limits is read at the counter: the answer follows the reading, and the card tells it later", async () => {
  const { items } = await server.call("admin", "GET", "/devices?q=PPR&limit=200");
  const covered = [];
  for (const { id } of items) {
    const { decision, metrics } = await server.call("admin", "GET", `/devices/${id}/coverage`);
    if (metrics.includes("pages") && JSON.stringify(decision).includes("unverified_usage")) covered.push(id);
    if (covered.length === 2) break;
  }
  for (const [index, lang] of ["fa", "en"].entries()) {
    const device = covered[index];
    const asked = await server.call("admin", "GET", `/devices/${device}/coverage?usage[]=pages%3D60000`);
    assert.match(JSON.stringify(asked.decision), /usage_exceeded/);
    const desk = await Person.at(browser, server.base, "admin", { lang });
    const { page } = desk;
    await page.goto(`${server.base}/receive?device=${device}`);
    await page.waitForSelector("#answer .verdict");
    const before = await desk.text("#answer");
    await desk.tabTo('[name="devices[0].meters.pages"]');
    await page.keyboard.type(lang === "fa" ? "۶۰٬۰۰۰" : "60,000");
    await page.waitForFunction((was) => document.querySelector("#answer").textContent.replaceAll(/\s+/g, " ") !== was, before);
    assert.match(await desk.text("#answer"), lang === "fa" ? /۶۰٬۰۰۰ از ۵۰٬۰۰۰/ : /60,000/);
    await desk.accessible();
    await desk.picture(`receive-meter-${lang}-1440`);
    const { covers } = await server.call("admin", "GET", `/devices/${device}`);
    const card = covers.find((cover) => cover.kind === "card").id;
    await page.goto(`${server.base}/cards/${card}`);
    await desk.send("updateDevice", { "meters.pages": "60000", owner_phone: lang === "fa" ? "۰۹۳۵۱۱۱۲۲۳۳" : "09351112244", owner_address: "تهران، خیابان مطهری" }, { extra: ':has([name="meters.pages"])' });
    await desk.send("addDeviceEvent", { on: lang === "fa" ? "۱۴۰۵/۰۸/۰۱" : "2026-10-23" });
    const now = await server.call("admin", "GET", `/devices/${device}`);
    assert.equal(now.meters.pages, 60_000);
    assert.ok(now.events.some((event) => event.type === "installed"));
    const owner = await server.call("admin", "GET", `/customers/${now.owner.id}`);
    assert.deepEqual([owner.phones[0], owner.addresses[0].address], [lang === "fa" ? "+989351112233" : "+989351112244", "تهران، خیابان مطهری"]);
    await desk.accessible();
    await desk.picture(`card-written-down-${lang}-1440`);
    await page.context().close();
  }
});

test("two people share a counter: switching takes a PIN, and the language stays one's own", async () => {
  const desk = await Person.at(browser, server.base, "maryam");
  await desk.page.goto(`${server.base}/me`);
  await desk.tabTo('form[action="/switch"] [name="login"]');
  await desk.page.keyboard.type("saeed");
  await desk.tabTo('form[action="/switch"] [name="pin"]');
  await desk.page.keyboard.type("۱۲۳۴");
  await desk.go();
  assert.match(await desk.text(".who"), /سعید/);
  await desk.page.context().close();
});

test("a file is imported in the browser: columns guessed, tried, imported, with what was wrong", async () => {
  const admin = await Person.at(browser, server.base, "admin");
  const { page } = admin;
  await page.goto(`${server.base}/imports`);
  await page.selectOption("#kind", "customers");
  await page.setInputFiles("#file", { name: "مشتریان.csv", mimeType: "text/csv", buffer: Buffer.from("نام,موبایل,شماره اشتراک\nنگار محمدی,۰۹۱۲۵۵۵۴۴۳۳,A-77\nبدون شماره,12,\n") });
  await page.click("button[data-main]");
  await page.waitForURL(/\/imports\/[0-9a-z]{16}$/);
  assert.equal(await page.inputValue('[name="columns.phone"]'), "موبایل");
  await admin.accessible();
  await page.click('button[name="is_dry_run"]');
  await page.waitForSelector("td:has-text('همراه'), td:has-text('موبایل')");
  await admin.picture("import-fa-1440");
  await page.click("button[data-main]");
  await page.waitForFunction(() => document.querySelector("#progress")?.textContent.includes("انجام شد") && !document.querySelector("#progress").textContent.includes("آزمایشی"));
  const imported = page.url();
  await admin.open("a77", /\/customers\//);
  assert.match(await admin.text("h1"), /نگار محمدی/);
  // Who asks to be forgotten takes the files in which they stand along; what was imported stays.
  const { id } = await server.call("admin", "POST", "/customers", { name: "کسی که می‌رود", phones: ["09120001122"] });
  await server.call("admin", "POST", `/customers/${id}/erase`, { reason: "letter" });
  await page.goto(imported);
  await page.waitForSelector("p.sheet.quiet");
  assert.equal(await page.locator('form[action^="/do/runImport"]').count(), 0);
  await admin.accessible();
  await admin.picture("import-gone-fa-1440");
  await page.context().close();
});

test("the demo can be removed, and an empty house of one's own begins", async () => {
  const admin = await Person.at(browser, server.base, "admin");
  await admin.page.goto(`${server.base}/keep`);
  await admin.tabTo('[name="sure"]');
  await admin.press("Space");
  await admin.tabTo('form[action="/demo/remove"] button');
  await admin.go();
  // Who emptied the store is led to it with its secret.
  assert.match(admin.page.url(), /\/setup\?secret=[0-9a-z]+$/);
  await admin.accessible();
  await admin.picture("setup-fa-1440");
  const values = { legal_entity: "خدمات نو", "centre.fa": "مرکز نو", "centre.en": "New Centre", name: "مدیر", login: "owner", password: "correct horse" };
  for (const [name, value] of Object.entries(values)) await admin.page.fill(`[name="${name}"]`, value);
  const begin = () => admin.page.click('form[action="/setup"] button[type="submit"]');
  // A zone that is none is told beside its field, and nothing that was typed is lost.
  await admin.page.fill('[name="time_zone"]', "Asia/Nowhere");
  await begin();
  await admin.page.waitForSelector('[name="time_zone"] ~ .wrong');
  assert.equal(await admin.page.inputValue('[name="name"]'), values.name);
  await admin.page.fill('[name="time_zone"]', "Asia/Tehran");
  await admin.page.fill('[name="password"]', values.password);
  await admin.page.selectOption('[name="money_unit"]', "toman");
  await begin();
  await admin.page.waitForURL(/sign-in/);
  const owner = await Person.at(browser, server.base, "owner", { password: "correct horse" });
  await owner.page.goto(`${server.base}/devices`);
  assert.equal(await owner.page.locator("main td").count(), 0);
  await owner.accessible();
  // Amounts are typed and shown in Toman; a rate of VAT begins on its day, and can be taken back.
  const { page } = owner;
  await page.goto(`${server.base}/keep/services/new`);
  for (const [name, value] of Object.entries({ code: "S-1", "title.fa": "سرویس", "title.en": "Service", price: "۱۲۵۰۰۰" })) await page.fill(`[name="${name}"]`, value);
  await page.selectOption('[name="line_type"]', "labour");
  await page.click("button[data-main]");
  await page.waitForURL(/\/keep\/services\/[0-9a-z]{16}$/);
  assert.equal(await page.inputValue('[name="price"]'), "۱۲۵٬۰۰۰");
  await page.goto(`${server.base}/keep/installation`);
  await page.fill("#setVatRate-from", "1406/01/01");
  await page.fill('[name="percent"]', "۱۲");
  await page.click('form[action="/do/setVatRate"]:has([name="percent"]) button');
  await page.waitForSelector("td:has-text('۱۴۰۶/۰۱/۰۱')");
  await page.fill("#setVatRate-from", "1406/13/01");
  await page.click('form[action="/do/setVatRate"]:has([name="percent"]) button');
  await page.waitForSelector(".field-fault");
  assert.equal(await page.inputValue("#setVatRate-from"), "1406/13/01");
  await page.click("tr:has-text('۱۴۰۶/۰۱/۰۱') button");
  await page.waitForFunction(() => !document.body.textContent.includes("۱۴۰۶/۰۱/۰۱"));
  await page.selectOption('[name="money_unit"]', "IRR");
  await Promise.all([page.waitForEvent("load"), page.click('form[action="/do/changeInstallation"] button')]);
  await page.goto(`${server.base}/keep/services`);
  await page.click("main td a");
  assert.equal(await page.inputValue('[name="price"]'), "۱٬۲۵۰٬۰۰۰");
});

test("the administrator changes what a role may do", async () => {
  const owner = await Person.at(browser, server.base, "owner", { password: "correct horse" });
  const { page } = owner;
  await page.goto(`${server.base}/keep/permissions?role=technician`);
  const row = page.locator("tr", { has: page.locator('input[value="view_customers"]') });
  assert.match(await row.innerText(), /خیر/);
  await row.locator('button[value="true"]').click();
  await row.locator('button[value="false"]').waitFor();
  const goodwill = page.locator("tr", { has: page.locator('input[value="give_goodwill"]') });
  await goodwill.locator('[name="percent"]').fill("20");
  await goodwill.locator('[name="amount"]').fill("۱٬۰۰۰٬۰۰۰");
  await goodwill.locator('button[value="true"]').click();
  await goodwill.locator("text=تا ۱٬۰۰۰٬۰۰۰ ریال").waitFor();
  // The limits that hold stand in their fields, so that allowing again takes none of them away.
  assert.deepEqual([await goodwill.locator('[name="percent"]').inputValue(), await goodwill.locator('[name="amount"]').inputValue()], ["۲۰", "۱٬۰۰۰٬۰۰۰"]);
  await owner.accessible();
  // Administrators cannot lock themselves out.
  await page.goto(`${server.base}/keep/permissions?role=administrator`);
  await page.locator("tr", { has: page.locator('input[value="keep_access"]') }).locator('button[value="false"]').click();
  await page.waitForSelector(".faults");
});
