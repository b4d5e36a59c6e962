// The cases of the trade, as docs/scenarios tells them, step by step over the API, on both engines. A line of a document that begins with a dash is a
// step; every step must be understood.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gregorian } from "../support/jalali.mjs";
import { Server, engines } from "../support/server.mjs";
import { furnish } from "../support/trade.mjs";

const folder = fileURLToPath(new URL("../../docs/scenarios/", import.meta.url));
const minor = (text) => Number(text.replaceAll(",", ""));
class Case {
  constructor(server, house) {
    Object.assign(this, { server, house, customers: new Map(), devices: new Map(), repairs: new Map(), lines: new Map(), visits: [], invoices: [], seen: new Set() });
  }

  call(...words) {
    return this.server.call(...words);
  }
  customer(name) {
    assert.ok(this.customers.has(name), `${name} is not known yet`);
    return this.customers.get(name);
  }
  device(serial) {
    assert.ok(this.devices.has(serial), `${serial} is not known yet`);
    return this.devices.get(serial);
  }
  repair(serial) {
    assert.ok(this.repairs.has(serial), `${serial} was not received yet`);
    return this.repairs.get(serial);
  }
  get visit() {
    return this.visits.at(-1);
  }
  payer(name) {
    if (name === "the customer") return null;
    return { "the house": "خدمات ولیعصر", "the insurer": "بیمهٔ مهر" }[name] ?? name;
  }
  async remember(reception, serials) {
    this.visits.push(reception);
    reception.repairs.forEach((row, index) => this.repairs.set(serials[index], row.id));
  }
  onRepair(login, serial, noun, body) {
    return this.call(login, "POST", `/repairs/${this.repair(serial)}/${noun}`, body);
  }
}

const WHO = { "The receptionist": "maryam", "The technician": "saeed", "The manager": "laleh" };

/** The sentences that a document may use, and what each does. */
const STEPS = [
  [/^On (\S+?)(?: at (\d\d:\d\d))?\.$/, async (it, day, time = "10:00") => it.server.at(`${gregorian(day)}T${time}:00+03:30`)],
  [/^(.+?) is a customer with the mobile (\d+)\.$/, async (it, name, phone) => it.customers.set(`${name}`, (await it.call("maryam", "POST", "/customers", { name: name.replace(/ the .*/, ""), phones: [phone] })).id)],
  [
    /^A (\S+) with the serial (\S+)(?:, with (\S+) (\S+) inside,)? was sold on (\S+?)(?: with the card (\S+?))?(?: to (.+?))?\.$/,
    async (it, product, serial, component, inside, sold, card, owner) => {
      const components = inside ? [{ product: component, serial: inside }] : [];
      const made = await it.call("admin", "POST", "/devices", { product, serial, events: [{ type: "sold", on: gregorian(sold) }], components, owner: owner && it.customer(owner) });
      it.devices.set(serial, made.id);
      if (card) await it.call("admin", "POST", "/cards", { device: made.id, policy: it.house.gold, number: card });
    },
  ],
  [/^The service contract (\S+) of the insurer holds for (\S+) from (\S+)\.$/, async (it, number, serial, from) => it.call("admin", "POST", `/devices/${it.device(serial)}/covers`, { kind: "contract", number, policy: it.house.travel, starts_on: gregorian(from) })],
  [
    /^The counter types (\S+) and finds (.+?)(?: with (\S+))?\.$/,
    async (it, typed, name, serial) => {
      const found = await it.call("maryam", "GET", `/search?q=${encodeURIComponent(typed)}`);
      assert.deepEqual(found.hits.map((hit) => hit.title), [name]);
      if (!serial) return;
      const devices = await it.call("maryam", "GET", `/devices?owner=${found.hits[0].id}`);
      assert.deepEqual(devices.items.map((row) => row.serial), [serial]);
    },
  ],
  [
    /^The counter reads of (\S+): (part|labour|travel)(?: of (\S+))? paid at (\d+) % until (\S+)\.$/,
    async (it, serial, type, component, percent, until) => {
      const told = await it.call("maryam", "GET", `/devices/${it.device(serial)}/coverage`);
      const line = told.decision.lines.find((one) => one.id === (component ? `part:${component}` : type));
      const pays = line.considered.find((one) => one.outcome === "pays");
      assert.deepEqual([pays?.percent, pays?.last_day], [Number(percent), gregorian(until)]);
    },
  ],
  [
    /^The receptionist receives (.+) from (.+)\.$/,
    async (it, list, name) => {
      const parts = list.split(" and ").map((part) => /^(\S+) reporting (\S+)$/.exec(part));
      const devices = parts.map(([, serial, fault]) => ({ device: it.device(serial), faults: [fault], accessories: ["کارت گارانتی"] }));
      await it.remember(await it.call("maryam", "POST", "/receptions", { customer: { id: it.customer(name) }, devices }), parts.map(([, serial]) => serial));
    },
  ],
  [/^The visit has the number (\S+)\.$/, async (it, number) => assert.equal(it.visit.number, number)],
  [
    /^The page of (\S+) says the same fault, (\d+) days after the first repair\.$/,
    async (it, serial, days) => assert.equal((await it.call("maryam", "GET", `/repairs/${it.repair(serial)}`)).repeat.days, Number(days)),
  ],
  [/^(The \w+) moves (\S+) by (\S+)\.$/, async (it, who, serial, transition) => it.onRepair(WHO[who], serial, "moves", { transition })],
  [/^The technician finds (\S+) because of (\S+) on (\S+)\.$/, async (it, fault, cause, serial) => it.onRepair("saeed", serial, "diagnose", { fault, cause, accept_coverage_change: true })],
  [
    /^Before saving, the page says that (\S+) because of (\S+) on (\S+) takes the customer's part from ([\d,]+) to ([\d,]+) with VAT\.$/,
    async (it, fault, cause, serial, before, after) => {
      const change = await it.onRepair("saeed", serial, "preview", { fault, cause });
      assert.deepEqual([change.customer_before, change.customer_after + change.customer_vat_after], [minor(before), minor(after)]);
      await assert.rejects(it.onRepair("saeed", serial, "diagnose", { fault, cause }), (error) => error.code === "coverage-would-change");
    },
  ],
  [
    /^The technician adds (\S+) to (\S+)\.$/,
    async (it, service, serial) => {
      const view = await it.onRepair("saeed", serial, "operations", { service, accept_warnings: true });
      it.lines.set(`${service} ${serial}`, view.lines.filter((line) => line.code === service).at(-1).id);
    },
  ],
  [
    /^The manager prices (\S+) of (\S+) at ([\d,]+)\.$/,
    async (it, service, serial, price) => it.onRepair("laleh", serial, "lines/change", { line: it.lines.get(`${service} ${serial}`), unit_price: minor(price) }),
  ],
  [
    /^The technician plans (\S+)(?: with its own cause (\S+))? for (\S+)\.$/,
    async (it, product, cause, serial) => {
      const view = await it.onRepair("saeed", serial, "planned-parts", { product, cause });
      it.lines.set(`${product} ${serial}`, view.lines.at(-1).id);
    },
  ],
  [
    /^The technician fits (\S+)(?: (\S+))?(?: in place of (\S+))? into (\S+)\.$/,
    async (it, product, serialIn, serialOut, serial) => {
      const planned = it.lines.get(`${product} ${serial}`);
      const inside = (await it.call("saeed", "GET", `/repairs/${it.repair(serial)}`)).components.find((node) => node.product.code === product && !node.has_serial);
      const view = await it.onRepair("saeed", serial, "parts", { product, line: planned, serial_in: serialIn, serial_out: serialOut, component_out: serialOut ? undefined : inside?.id });
      it.lines.set(`${product} ${serial}`, view.lines.filter((line) => line.code === product).at(-1).id);
    },
  ],
  [/^The technician takes (\S+) out of (\S+) again, because "(.+)"\.$/, async (it, product, serial, reason) => it.onRepair("saeed", serial, "parts/take-out", { line: it.lines.get(`${product} ${serial}`), reason })],
  [/^The technician adds (\d+) photos to (\S+)\.$/, async (it, count, serial) => {
    const content = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    for (let index = 0; index < Number(count); index += 1) await it.call("saeed", "POST", "/photos", { content, purpose: "finding", repair: it.repair(serial) });
    assert.equal((await it.call("saeed", "GET", `/repairs/${it.repair(serial)}`)).photos.length, Number(count));
  }],
  [
    /^Of (\S+), (the customer|the house|the insurer|\S+) pays ([\d,]+)\.$/,
    async (it, serial, who, amount) => {
      const view = await it.call("maryam", "GET", `/repairs/${it.repair(serial)}`);
      const shares = view.lines.filter((line) => line.state === "open").flatMap((line) => line.shares).filter((share) => (share.payer?.name ?? null) === it.payer(who));
      assert.equal(shares.reduce((sum, share) => sum + share.amount, 0), minor(amount));
    },
  ],
  [
    /^The cover of (\S+) ended on (\S+), (\d+) days before the visit\.$/,
    async (it, serial, ended, days) => {
      const { coverage } = await it.call("maryam", "GET", `/repairs/${it.repair(serial)}`);
      const considered = coverage.decision.lines[0].considered.find((one) => one.outcome === "expired");
      assert.equal(considered.last_day, gregorian(ended));
      assert.equal((Date.parse(coverage.received) - Date.parse(considered.last_day)) / 86_400_000, Number(days));
    },
  ],
  [
    /^The technician asks for ([\d,]+) for (\S+)\.$/,
    async (it, total, serial) => assert.equal((await it.onRepair("saeed", serial, "estimates", { ask: true, note: "-" })).estimate.total, minor(total)),
  ],
  [/^The customer (accepts|declines) the estimate of (\S+)\.$/, async (it, answer, serial) => it.onRepair("maryam", serial, "estimates/answer", { answer: answer === "accepts" ? "accepted" : "declined", note: "by telephone" })],
  [
    /^The technician finishes (\S+)\.$/,
    async (it, serial) => {
      await it.onRepair("saeed", serial, "moves", { transition: "repaired" });
      await it.onRepair("saeed", serial, "checklist", { items: ["runs"] });
      await it.onRepair("saeed", serial, "moves", { transition: "passed" });
    },
  ],
  [/^(\S+) stands on (\S+)(?: with the outcome (\S+))?\.$/, async (it, serial, step, outcome) => {
    const view = await it.call("maryam", "GET", `/repairs/${it.repair(serial)}`);
    assert.deepEqual([view.step.id, view.outcome], [step, outcome]);
  }],
  [
    /^(The \w+) gives (\d+) % goodwill on (\S+), because "(.+)"\.$/,
    async (it, who, percent, serial, reason) => it.onRepair(WHO[who], serial, "goodwill", { percent: Number(percent), reason }),
  ],
  [
    /^The receptionist hands over (everything|\S+)\.$/,
    async (it, what) => {
      const repairs = what === "everything" ? [] : [it.repair(what)];
      it.invoices = (await it.call("maryam", "POST", `/receptions/${it.visit.id}/hand-over`, { repairs })).invoices;
      it.seen.clear();
      it.lines.clear();
    },
  ],
  [
    /^The receptionist hands (\S+) to (.+), known by the national ID (\d+) and a code to the customer's phone\.$/,
    async (it, serial, name, national_id) => {
      const path = `/receptions/${it.visit.id}/hand-over`;
      await it.call("maryam", "POST", `/receptions/${it.visit.id}/code`, {});
      const code = (await it.call("maryam", "GET", "/messages")).items[0].body.replace(/\D/g, "");
      const receiver = { name, national_id, known_by: "code" };
      await assert.rejects(it.call("maryam", "POST", path, { repairs: [it.repair(serial)], receiver: { ...receiver, code: "0" } }), (error) => error.code === "wrong-code");
      it.invoices = (await it.call("maryam", "POST", path, { repairs: [it.repair(serial)], receiver: { ...receiver, code } })).invoices;
      it.seen.clear();
      it.lines.clear();
    },
  ],
  [
    /^(The customer|The insurer|\S+) is invoiced ([\d,]+)(?: with ([\d,]+) VAT)?\.$/,
    async (it, who, total, vat) => {
      const kind = who === "The customer" ? "service" : "warranty";
      const name = it.payer(who.toLowerCase() === who ? who : who.replace("The ", "the "));
      const found = it.invoices.filter((invoice) => invoice.kind === kind && (kind === "service" || invoice.payer.name === name));
      assert.deepEqual(found.map((invoice) => invoice.total), [minor(total)]);
      if (vat) assert.equal(found[0].vat, minor(vat));
      it.seen.add(found[0].id);
    },
  ],
  [
    /^The house bears ([\d,]+) itself, without VAT\.$/,
    async (it, amount) => {
      const found = it.invoices.filter((invoice) => invoice.kind === "internal");
      assert.deepEqual(found.map((invoice) => [invoice.total, invoice.vat]), [[minor(amount), 0]]);
      it.seen.add(found[0].id);
    },
  ],
  [/^Nobody else is invoiced\.$/, async (it) => assert.deepEqual(it.invoices.filter((invoice) => !it.seen.has(invoice.id)).map((invoice) => [invoice.kind, invoice.total]), [])],
  [
    /^The customer pays (all|[\d,]+) (by card|in cash)\.$/,
    async (it, amount, how) => {
      const invoice = it.invoices.find((one) => one.kind === "service");
      await it.call("maryam", "POST", `/invoices/${invoice.id}/payments`, { method: how === "by card" ? "card" : "cash", amount: amount === "all" ? undefined : minor(amount) });
    },
  ],
  [/^(.+) owes ([\d,]+)\.$/, async (it, name, amount) => assert.equal((await it.call("maryam", "GET", `/customers/${it.customer(name)}/account`)).owed, minor(amount))],
  [
    /^The repair warranty on the (part|labour) of (\S+) lasts until (\S+)\.$/,
    async (it, term, serial, until) => {
      const { bars } = await it.call("maryam", "GET", `/devices/${it.device(serial)}/coverage`);
      const ends = bars.filter((bar) => bar.cover.startsWith("repair_warranty") && bar.term === term).map((bar) => bar.last_day);
      assert.ok(ends.includes(gregorian(until)), `${ends}`);
    },
  ],
  [
    /^Asked as on (\S+), (\S+) is (still|no longer) under repair warranty\.$/,
    async (it, day, serial, still) => {
      const told = await it.call("maryam", "GET", `/devices/${it.device(serial)}/coverage?on=${gregorian(day)}`);
      const holds = told.bars.some((bar) => bar.cover.startsWith("repair_warranty") && bar.last_day >= gregorian(day));
      assert.equal(holds, still === "still");
    },
  ],
  [
    /^The part (\S+) lies in the removed-parts bin\.$/,
    async (it, serial) => {
      const { hits } = await it.call("maryam", "GET", `/search?q=${serial}`);
      assert.equal((await it.call("maryam", "GET", `/devices/${hits[0].id}`)).place.kind, "bin");
    },
  ],
  [
    /^(\S+) contains (\S+)(?: and not (\S+))?\.$/,
    async (it, serial, inside, gone) => {
      const { components } = await it.call("maryam", "GET", `/devices/${it.device(serial)}`);
      const serials = components.map((node) => node.serial);
      assert.ok(serials.includes(inside) && !serials.includes(gone), `${serials}`);
    },
  ],
  [/^(\S+) is with its customer\.$/, async (it, serial) => assert.equal((await it.call("maryam", "GET", `/devices/${it.device(serial)}`)).place.kind, "customer")],
  [
    /^The tracking page says (\S+) for each device, and no name or price\.$/,
    async (it, step) => {
      const { devices } = await it.call("maryam", "GET", `/track/${it.visit.tracking_number}`);
      assert.ok(devices.every((device) => device.step === step), JSON.stringify(devices));
      const page = await (await fetch(`${it.server.base}/t/${it.visit.tracking_number}`)).text();
      for (const word of [it.visit.customer.name, "ریال", "IRR"]) assert.ok(!page.includes(word), word);
    },
  ],
  [/^Her history holds (\S+)\.$/, async (it, event) => {
    const { items } = await it.call("maryam", "GET", `/timeline?subject=customer&id=${it.visit.customer.id}`);
    assert.ok(items.some((entry) => entry.event === event), items.map((entry) => entry.event).join());
  }],
  [
    /^The receptionist puts the visit right for (.+), because "(.+)": revision (\d+), the same tracking number\.$/,
    async (it, name, reason, revision) => {
      const before = it.visit;
      const after = await it.call("maryam", "POST", `/receptions/${before.id}/correct`, { customer: it.customer(name), reason });
      assert.deepEqual([after.revision, after.tracking_number, after.customer.id], [Number(revision), before.tracking_number, it.customer(name)]);
      const papers = await it.call("maryam", "GET", `/documents/of/reception/${before.id}`);
      assert.deepEqual(papers.items.map((paper) => paper.revision), [2, 1]);
      it.visits.splice(-1, 1, after);
    },
  ],
  [/^(.+) has no visit any more\.$/, async (it, name) => assert.deepEqual((await it.call("maryam", "GET", `/receptions?customer=${it.customer(name)}`)).items, [])],
  [
    /^The receptionist cancels the visit, because "(.+)": its number stays, marked\.$/,
    async (it, reason) => {
      const { number, id } = it.visit;
      const after = await it.call("maryam", "POST", `/receptions/${id}/cancel`, { reason });
      assert.deepEqual([after.state, after.number], ["cancelled", number]);
      it.visits.pop();
    },
  ],
  [
    /^The manager reopens (\S+), because "(.+)": ([\d,]+) is taken back by a counter-document\.$/,
    async (it, serial, reason, total) => {
      await it.onRepair("laleh", serial, "reopen", { reason });
      const { corrected_by } = await it.call("laleh", "GET", `/invoices/${it.invoices[0].id}`);
      const counter = await it.call("laleh", "GET", `/invoices/${corrected_by.id}`);
      assert.deepEqual([counter.kind, counter.total], ["counter", -minor(total)]);
    },
  ],
  [/^The store is in order\.$/, async (it) => assert.match(it.server.cli("check"), /is what is stored/)],
];

async function step(it, sentence) {
  const refused = /^Refused, (\S+): (.+)$/.exec(sentence);
  const wanted = refused ? refused[2] : sentence;
  for (const [pattern, run] of STEPS) {
    const match = pattern.exec(wanted);
    if (!match) continue;
    if (!refused) return run(it, ...match.slice(1));
    return assert.rejects(run(it, ...match.slice(1)), (error) => error.code === refused[1], sentence);
  }
  throw new Error(`no step says: ${sentence}`);
}

for (const engine of engines()) {
  for (const name of readdirSync(folder).filter((file) => /^s\d+.*\.md$/.test(file)).sort()) {
    const text = readFileSync(folder + name, "utf8");
    test(`${text.split("\n")[0].slice(2)} (${engine})`, async () => {
      const server = await Server.start(engine, { clock: `${gregorian("1404/06/01")}T08:00:00+03:30` });
      try {
        await server.setUp();
        const it = new Case(server, await furnish(server));
        for (const line of text.split("\n").filter((one) => one.startsWith("- "))) {
          await step(it, line.slice(2)).catch((error) => {
            error.message = `${line}\n${error.message}`;
            throw error;
          });
        }
      } finally {
        await server.remove();
      }
    });
  }
}
