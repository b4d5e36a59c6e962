// The plug is pulled while imports run: what goes on comes to its end with each row once, and what was cancelled writes nothing. On both engines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, engines } from "../support/server.mjs";

const people = (count, from) => {
  const rows = Array.from({ length: count }, (_, at) => `زهرا کریمی ${from + at},0912${String(from + at).padStart(7, "0")}\n`);
  return Buffer.from(`name,phone\n${rows.join("")}`).toString("base64");
};

for (const engine of engines()) {
  test(`imports are killed and cancelled (${engine})`, async () => {
    const server = await Server.start(engine);
    try {
      await server.setUp();
      const start = async (count, from, how) => (await server.call("admin", "POST", "/imports", { kind: "customers", file_name: "x.csv", content: people(count, from), ...how })).id;
      const at = async (id, is, seconds = 120) => {
        for (const until = Date.now() + seconds * 1000; ; ) {
          const view = await server.call("admin", "GET", `/imports/${id}`);
          if (is(view)) return view;
          assert.ok(Date.now() < until, `${view.state} ${view.done}/${view.total}`);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      const pull = async () => {
        await server.stop("SIGKILL");
        await server.run();
      };
      // All of it was tried, and now it is being written, all or nothing.
      const whole = await start(1500, 5000, { is_whole: true });
      await at(whole, ({ done, total }) => done === total);
      await pull();
      assert.equal((await server.call("admin", "GET", `/imports/${whole}`)).state, "running");
      assert.equal((await server.call("admin", "POST", `/imports/${whole}/cancel`, {})).state, "cancelled");
      const plain = await start(1500, 0, {});
      await at(plain, ({ done, total }) => done > 0 && done < total);
      await pull();
      const { good, bad } = await at(plain, ({ state }) => state === "done");
      assert.deepEqual([good, bad], [1500, 0]);
      assert.equal((await server.call("admin", "GET", `/imports/${whole}`)).state, "cancelled");
      let count = 0;
      for (let after = ""; ; ) {
        const page = await server.call("admin", "GET", `/customers?limit=200${after}`);
        count += page.items.length;
        if (!page.next) break;
        after = `&after=${page.next}`;
      }
      assert.equal(count, 1500);
      assert.deepEqual((await server.call("admin", "GET", "/tasks")).items, []);
    } finally {
      await server.remove();
    }
  });
}
