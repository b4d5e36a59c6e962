// The plug is pulled while clients write: what was answered is there, nothing is half done, and the same key does nothing twice. On both engines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, engines } from "../support/server.mjs";
import { furnish } from "../support/trade.mjs";

const WRITERS = 4;
const KILLS = 3;

for (const engine of engines()) {
  test(`kill -9 loses nothing that was answered (${engine})`, async () => {
    const server = await Server.start(engine);
    try {
      await server.setUp();
      await furnish(server);
      const customer = (await server.call("maryam", "POST", "/customers", { name: "زهرا کریمی", phones: ["09123456789"] })).id;
      const token = server.token("maryam");
      const answered = new Map();
      const unanswered = [];
      let serial = 0;
      const send = (key, body) =>
        fetch(`${server.base}/api/v1/receptions`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
          body: JSON.stringify(body),
        });
      for (let kill = 0; kill < KILLS; kill += 1) {
        let writing = true;
        const count = answered.size;
        const write = async () => {
          while (writing) {
            const key = `visit-${(serial += 1)}`;
            const body = { customer: { id: customer }, devices: [{ new_device: { product: "TV-1", serial: key }, faults: ["no-power"] }] };
            try {
              const answer = await send(key, body);
              const told = await answer.json();
              assert.equal(answer.status, 201, JSON.stringify(told));
              answered.set(key, told);
            } catch (error) {
              if (error.code === "ERR_ASSERTION") throw error;
              unanswered.push([key, body]);
              return;
            }
          }
        };
        const writers = Array.from({ length: WRITERS }, write);
        while (answered.size < count + 25) await new Promise((resolve) => setTimeout(resolve, 5));
        await server.stop("SIGKILL");
        writing = false;
        await Promise.all(writers);
        await server.run();
      }
      assert.ok(unanswered.length > 0, "nobody was interrupted");
      for (const [key, told] of answered) {
        const found = await server.call("maryam", "GET", `/receptions/${told.id}`);
        assert.deepEqual([found.number, found.tracking_number, found.repairs.length], [told.number, told.tracking_number, 1], key);
      }
      // Who got no answer asks again with the same key: once there, and once only.
      for (const [key, body] of unanswered) {
        const answer = await send(key, body);
        assert.equal(answer.status, 201, await answer.text());
        answered.set(key, null);
      }
      let count = 0;
      const numbers = [];
      for (let after = ""; ; ) {
        const page = await server.call("maryam", "GET", `/receptions?limit=200${after}`);
        count += page.items.length;
        numbers.push(...page.items.map((row) => row.number));
        if (!page.next) break;
        after = `&after=${page.next}`;
      }
      assert.equal(count, answered.size);
      const sequence = numbers.map((number) => Number(number.split("-").at(-1))).sort((a, b) => a - b);
      assert.deepEqual(sequence, Array.from({ length: count }, (_, index) => index + 1), "numbers are unbroken");
      // What was to be done beside the pages is done in the end: nothing is left, and nothing was parked.
      for (const until = Date.now() + 120_000; ; ) {
        const { items } = await server.call("admin", "GET", "/tasks");
        if (items.length === 0) break;
        assert.ok(Date.now() < until, JSON.stringify(items));
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      assert.match(server.cli("check"), /is what is stored/);
    } finally {
      await server.remove();
    }
  });
}
