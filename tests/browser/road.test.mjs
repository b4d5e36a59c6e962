// The road of the product in a real browser, by keyboard alone where the counter is concerned, in both languages; and what every page must keep to.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = require.resolve("axe-core/axe.min.js");
const port = 18080;
const base = `http://127.0.0.1:${port}`;
const data = mkdtempSync(join(tmpdir(), "zamen-browser-"));
const screens = process.env.TEST_SCREENS;
let server, browser;

before(async () => {
  server = spawn(process.env.TEST_BINARY, ["demo", "--listen", `127.0.0.1:${port}`, "--data", data], { stdio: ["ignore", "ignore", "inherit"] });
  const until = Date.now() + 240_000;
  for (;;) {
    const answer = await fetch(`${base}/health`).catch(() => null);
    if (answer?.ok) break;
    assert.equal(server.exitCode, null, "the demo stopped");
    assert.ok(Date.now() < until, "the demo does not answer");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  server?.kill("SIGTERM");
  await new Promise((resolve) => (server ? server.on("exit", resolve) : resolve()));
  rmSync(data, { recursive: true, force: true });
});

async function signedIn(login, width = 1440, locale = "fa") {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale, bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${base}/sign-in`);
  await page.fill("#login", login);
  await page.fill("#password", "zamen-demo");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${base}/`);
  return page;
}

async function accessible(page) {
  await page.addScriptTag({ path: axe });
  const found = await page.evaluate(async () => (window.axe ? (await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations : null));
  assert.notEqual(found, null, "axe did not run");
  assert.deepEqual(found.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), [], page.url());
}

async function picture(page, name) {
  if (!screens) return;
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
}

async function language(page, code) {
  await page.goto(`${base}/me`);
  if ((await page.getAttribute("html", "lang")) !== code) {
    await page.locator('form[action="/language"] button').click();
    await page.waitForSelector(`html[lang="${code}"]`);
  }
}

/** Receives a known device by keyboard alone and counts the key presses besides the words typed. */
async function receive(page, serial) {
  let presses = 0;
  const press = async (key) => {
    presses += 1;
    await page.keyboard.press(key);
  };
  await page.goto(base);
  await press("/");
  await page.keyboard.type(serial);
  await press("Enter");
  await page.waitForURL(/\/devices\//);
  await press("Enter"); // the primary action has the focus
  await page.waitForURL(/\/receive/);
  await page.waitForFunction(() => document.activeElement?.getAttribute("name") === "devices[0].faults[]");
  await page.keyboard.type("C01");
  await page.waitForSelector("#answer .verdict");
  await press("Control+Enter");
  await page.waitForURL(/\/receptions\//);
  return presses;
}

test("the counter receives a known device with at most 12 key presses, in Persian", async () => {
  const page = await signedIn("maryam");
  const presses = await receive(page, "SRF0173741");
  assert.ok(presses <= 12, `${presses} key presses`);
  assert.equal(await page.getAttribute("html", "dir"), "rtl");
  await accessible(page);
  await picture(page, "reception-fa-1440");
});

test("a device goes from reception to hand-over and invoice, and its customer follows it, in English", async () => {
  const desk = await signedIn("maryam");
  await language(desk, "en");
  await receive(desk, "SRF0173334");
  const number = (await desk.locator('a[href^="/t/"]').first().getAttribute("href")).slice(3);
  const reception = desk.url();
  await desk.locator('a[href^="/repairs/"]').first().click();
  await desk.waitForURL(/\/repairs\//);
  const repair = desk.url();
  await desk.locator("button", { hasText: "To diagnosis" }).click();
  await desk.waitForSelector('.road li.now:has-text("Diagnosis")');

  const bench = await signedIn("saeed");
  await language(bench, "en");
  await bench.goto(repair);
  await bench.fill("#diagnoserepair-fault", "C04").catch(() => bench.fill('input[name="fault"]', "C04"));
  await bench.locator('form[action^="/do/diagnoseRepair"] input[name="cause"]').fill("part-defect");
  await bench.locator('form[action^="/do/diagnoseRepair"] button[type="submit"]').click();
  await bench.waitForLoadState();
  await bench.locator('form[action^="/do/addOperation"] input[name="service"]').fill("SVC-CLEAN");
  await bench.locator('form[action^="/do/addOperation"] button[type="submit"]').click();
  await bench.waitForSelector('td:has-text("Service and cleaning")');
  await accessible(bench);
  await picture(bench, "repair-en-1440");
  const customerPays = await bench.locator("button:has-text('Free of charge')").isDisabled();
  if (customerPays) {
    await bench.locator('summary:has-text("Make an estimate")').click();
    await bench.locator('form[action^="/do/estimateRepair"] button[type="submit"]').click();
    await bench.waitForLoadState();
    await desk.goto(repair);
    await desk.locator('button[name="answer"][value="accepted"]').click();
    await desk.waitForLoadState();
    await bench.goto(repair);
  } else {
    await bench.locator("button:has-text('Free of charge')").click();
    await bench.waitForLoadState();
  }
  await bench.locator("button", { hasText: "Repaired" }).click();
  await bench.waitForSelector('input[name="items[]"]');
  await bench.check('input[name="items[]"]');
  await bench.locator('form[action^="/do/answerChecklist"] button').click();
  await bench.waitForLoadState();
  await bench.locator("button", { hasText: "Passed" }).click();
  await bench.waitForSelector('.road li.now:has-text("Ready")');

  await desk.goto(reception);
  await desk.keyboard.press("Control+Enter");
  await desk.waitForSelector('a[href^="/invoices/"]');
  await accessible(desk);

  const stranger = await (await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "fa", javaScriptEnabled: false })).newPage();
  let bytes = 0;
  stranger.on("response", async (response) => (bytes += Number(response.headers()["content-length"] ?? 0)));
  await stranger.goto(`${base}/t/${number}`);
  assert.match(await stranger.textContent("h1"), /تحویل/);
  assert.doesNotMatch(await stranger.content(), /ریال/);
  assert.ok(bytes < 100_000, `${bytes} bytes`);
  await picture(stranger, "track-fa-360");
});

test("bad input comes back filled, with the fault beside its field, in the person's language", async () => {
  const page = await signedIn("maryam");
  await language(page, "fa");
  await page.goto(`${base}/receive`);
  await page.fill('input[name="customer.new.name"]', "زهرا کریمی");
  await page.fill('input[name="customer.new.phones[]"]', "0912");
  await page.fill('input[name="devices[0].new_device.serial"]', "X-1");
  await page.fill('input[name="devices[0].new_device.product"]', "SRF-1000");
  await page.fill('input[name="devices[0].faults[]"]', "C01");
  await page.locator("button[data-main]").click();
  await page.waitForSelector('[role="alert"]');
  assert.equal(await page.inputValue('input[name="customer.new.name"]'), "زهرا کریمی");
  assert.match(await page.textContent(".field-fault"), /۰۹۱۲۳۴۵۶۷۸۹/);
});

for (const code of ["fa", "en"]) {
  test(`every page keeps to WCAG 2.2 AA and does not scroll sideways on a phone (${code})`, async () => {
    for (const width of [1440, 768, 360]) {
      const page = await signedIn("admin", width);
      await language(page, code);
      const paths = ["/", "/receive", "/repairs", "/receptions", "/devices", "/cards", "/customers", "/invoices", "/keep", "/keep/products", "/keep/policies/new", "/me", "/messages", "/reports/failure-causes", "/search?q=SRF"];
      for (const list of ["/repairs", "/devices", "/cards", "/customers", "/invoices", "/receptions"]) {
        await page.goto(base + list);
        const first = await page.locator(`main td a[href^="${list}/"]`).first().getAttribute("href");
        paths.push(first);
      }
      for (const path of paths) {
        const answer = await page.goto(base + path);
        assert.equal(answer.status(), 200, path);
        const missing = await page.evaluate(() => document.body.innerText.match(/\b(?:error|word|event|field|keep|nav|outcome|verdict)-[a-z-]+\b/g));
        assert.equal(missing, null, `${path} shows a key: ${missing}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 1, `${path} is ${over} px too wide at ${width}`);
        if (width !== 768) await accessible(page);
        await picture(page, `${path.replace(/[^a-z]+/g, "-").replace(/^-|-$/g, "") || "home"}-${code}-${width}`);
      }
      await page.context().close();
    }
  });
}
