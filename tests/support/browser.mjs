// A person at a browser who has nothing but a keyboard, and what every page must keep to.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const screens = process.env.TEST_SCREENS;

export function launch() {
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
}

export class Person {
  /** Signs in, and reads in a language. */
  static async at(browser, base, login, { password = "zamen-demo", width = 1440, lang = "fa" } = {}) {
    const self = new Person();
    self.base = base;
    self.presses = 0;
    const context = await browser.newContext({ viewport: { width, height: 900 }, locale: lang, bypassCSP: true });
    self.page = await context.newPage();
    await self.page.goto(`${base}/sign-in`);
    await self.tabTo("#login");
    await self.page.keyboard.type(login);
    await self.tabTo("#password");
    await self.page.keyboard.type(password);
    await self.go();
    assert.ok(!self.page.url().includes("/sign-in"), await self.page.textContent("main"));
    if (self.page.url().endsWith("/me")) {
      await self.tabTo('input[name="old_password"]');
      await self.page.keyboard.type(password);
      await self.tabTo('input[name="new_password"]');
      await self.page.keyboard.type(`${password} 2`);
      await self.go();
    }
    await self.page.goto(`${base}/me`);
    if ((await self.page.getAttribute("html", "lang")) !== lang) {
      await self.tabTo('form[action="/language"] button');
      await self.go();
      assert.equal(await self.page.getAttribute("html", "lang"), lang);
    }
    return self;
  }

  async press(key) {
    this.presses += 1;
    await this.page.keyboard.press(key);
  }

  /** Presses Enter on what leads to another page, and waits for that page. */
  async go() {
    await this.page.evaluate(() => (window.isLeft = true));
    await this.press("Enter");
    await this.page.waitForFunction(() => !window.isLeft && document.readyState === "complete");
  }

  /** Presses Tab until something has the focus: what cannot be reached so, a keyboard cannot use. */
  async tabTo(selector) {
    for (let tries = 0; tries < 250; tries += 1) {
      if (await this.page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      await this.press("Tab");
    }
    throw new Error(`the keyboard does not reach ${selector} on ${this.page.url()}`);
  }

  /** Opens what a number names, by the one search box. */
  async open(typed, where) {
    await this.page.goto(this.base);
    await this.press("/");
    await this.page.keyboard.type(typed);
    await this.press("Enter");
    await this.page.waitForURL(where);
  }

  /** Follows a link. */
  async follow(selector, where) {
    await this.tabTo(selector);
    await this.press("Enter");
    await this.page.waitForURL(where);
  }

  /** Fills a form of the page and sends it (true: a tick; a number: so many down in a list); a form that is folded away is unfolded first. `extra` tells it from others with the same action. */
  async send(operation, fields = {}, { extra = "", button = "button[type=submit]" } = {}) {
    const form = `form[action^="/do/${operation}"]${extra}`;
    const folded = await this.page.evaluate((wanted) => {
      const found = document.querySelector(wanted);
      if (!found) throw new Error(`no ${wanted}`);
      const closed = [];
      for (let at = found.closest("details"); at; at = at.parentElement.closest("details")) {
        if (!at.open) closed.unshift(at);
      }
      closed.forEach((one, index) => one.querySelector("summary").setAttribute("data-unfold", String(index)));
      return closed.length;
    }, form);
    for (let index = 0; index < folded; index += 1) {
      await this.tabTo(`[data-unfold="${index}"]`);
      await this.press("Enter");
    }
    for (const [name, value] of Object.entries(fields)) {
      await this.tabTo(`${form} [name="${name}"]`);
      if (value === true) await this.press("Space");
      else if (typeof value === "number") for (let down = 0; down < value; down += 1) await this.press("ArrowDown");
      else {
        await this.press("Control+a");
        await this.page.keyboard.type(String(value));
      }
    }
    await this.tabTo(`${form} ${button}`);
    await this.go();
  }

  /** No violation of WCAG 2.2 AA, nothing wider than the screen, no key of a sentence in place of the sentence. */
  async accessible() {
    const { page } = this;
    await page.addScriptTag({ path: axe });
    // Seen from its beginning, where what stays in view covers nothing.
    await page.evaluate(() => window.scrollTo(0, 0));
    const found = await page.evaluate(async () => (window.axe ? (await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations : null));
    assert.notEqual(found, null, "axe did not run");
    assert.deepEqual(found.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), [], page.url());
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 1, `${page.url()} is ${over} px too wide`);
    const missing = await page.evaluate(() => document.body.innerText.match(/\b(?:error|word|event|field|keep|nav|outcome|verdict|column)-[a-z-]+\b/g));
    assert.equal(missing, null, `${page.url()} shows a key: ${missing}`);
  }

  async picture(name) {
    if (!screens) return;
    mkdirSync(screens, { recursive: true });
    await this.page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
  }

  async text(selector = "main") {
    return (await this.page.textContent(selector)).replaceAll(/\s+/g, " ");
  }

  /** That an amount is shown, with the digits and the grouping of the language. */
  async shows(amount, lang, selector = "main") {
    const shown = figure(amount, lang);
    assert.ok((await this.text(selector)).includes(shown), `${this.page.url()} does not show ${shown}`);
  }

  /** That an amount is not shown. */
  async hides(amount, lang, selector = "main") {
    const hidden = figure(amount, lang);
    assert.ok(!(await this.text(selector)).includes(hidden), `${this.page.url()} shows ${hidden}`);
  }
}

const figure = (amount, lang) => amount.toLocaleString(lang === "fa" ? "fa-IR" : "en-US");
