// A copy of the store is taken while clients write, and makes the same store elsewhere. On both engines.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Server, engines } from "../support/server.mjs";
import { furnish } from "../support/trade.mjs";

/** What a command that must fail says. */
function refused(place, ...words) {
  try {
    place.cli(...words);
  } catch (error) {
    return error.stderr;
  }
  return assert.fail(`${words.join(" ")} did not fail`);
}

for (const engine of engines()) {
  test(`a copy taken while serving gives the same sums (${engine})`, async () => {
    const server = await Server.start(engine);
    const elsewhere = await Server.place(engine);
    try {
      await server.setUp();
      await furnish(server);
      const customer = (await server.call("maryam", "POST", "/customers", { name: "زهرا کریمی", phones: ["09123456789"] })).id;
      server.token("maryam");
      const received = [];
      let writing = true;
      const write = async (writer) => {
        for (let index = 0; writing; index += 1) {
          const body = { customer: { id: customer }, devices: [{ new_device: { product: "TV-1", serial: `${writer}-${index}` }, faults: ["no-power"] }] };
          received.push(await server.call("maryam", "POST", "/receptions", body));
        }
      };
      const writers = [0, 1, 2].map(write);
      while (received.length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
      const before = received.map((visit) => visit.id);
      const file = join(server.data, "copy");
      const saved = await server.cliBeside("backup", file);
      assert.ok(received.length > before.length, "the counter works on while the copy is taken");
      writing = false;
      await Promise.all(writers);
      assert.equal(statSync(file).mode & 0o777, 0o600, "nobody else reads it");

      const restored = elsewhere.cli("restore", file);
      assert.ok(restored.startsWith(saved.trim()), `${restored} is not ${saved}`);
      assert.match(restored, /is what is stored/);
      assert.match(saved, new RegExp(`: (\\d+) receptions`));
      assert.ok(Number(/: (\d+) receptions/.exec(saved)[1]) >= before.length);

      await elsewhere.run();
      for (const id of before) {
        const [there, here] = await Promise.all([elsewhere, server].map((each) => each.call("maryam", "GET", `/receptions/${id}`)));
        assert.deepEqual(there, here);
      }
      // Life goes on in it, and numbers go on where they stood.
      const body = { customer: { id: customer }, devices: [{ new_device: { product: "TV-1", serial: "NEW" }, faults: ["no-power"] }] };
      const next = await elsewhere.call("maryam", "POST", "/receptions", body);
      assert.equal(Number(next.number.split("-").at(-1)), Number(/: (\d+) receptions/.exec(saved)[1]) + 1);

      assert.match(refused(server, "backup", file), /cannot be made|File exists/, "a copy is not written over");
      assert.match(refused(server, "restore", file), /already/, "a store is not written over");
      const odd = join(server.data, "odd");
      writeFileSync(odd, "no copy at all");
      assert.match(refused(elsewhere, "restore", odd), /is no copy of a store/);
    } finally {
      await Promise.all([server.remove(), elsewhere.remove()]);
    }
  });
}

for (const engine of engines()) {
  test(`half a copy makes no store (${engine})`, async () => {
    const [server, elsewhere] = [await Server.start(engine), await Server.place(engine)];
    try {
      await server.setUp();
      const file = join(server.data, "copy");
      server.cli("backup", file);
      truncateSync(file, Math.floor(statSync(file).size / 2));
      assert.match(refused(elsewhere, "restore", file), engine === "sqlite" ? /is damaged/ : /pg_restore: error/);
      // The place is as empty as it was.
      await elsewhere.run();
      await elsewhere.setUp();
    } finally {
      await Promise.all([server.remove(), elsewhere.remove()]);
    }
  });
}

for (const engine of engines()) {
  test(`the key of secrets is changed while serving, and a store does not start with a wrong one (${engine})`, async () => {
    const [server, elsewhere] = [await Server.start(engine), await Server.place(engine)];
    try {
      await server.setUp();
      await furnish(server);
      const customer = (await server.call("maryam", "POST", "/customers", { name: "زهرا کریمی", phones: ["09123456789"] })).id;
      const devices = [{ new_device: { product: "TV-1", serial: "T-1" }, faults: ["no-power"], passcode: "2580" }];
      const visit = await server.call("maryam", "POST", "/receptions", { customer: { id: customer }, devices });
      const passcode = async (place) => (await place.call("saeed", "GET", `/repairs/${visit.repairs[0].id}/passcode`)).passcode;
      const key = join(server.data, "zamen.key");
      const before = readFileSync(key);
      const copy = join(server.data, "copy");
      server.cli("backup", copy);
      assert.match(await server.cliBeside("secrets", "rotate"), /^1 secrets are sealed with a new key, 0 were given up/);
      assert.notDeepEqual(readFileSync(key), before);
      assert.deepEqual([existsSync(`${key}.new`), statSync(key).mode & 0o777], [false, 0o600]);
      assert.equal(await passcode(server), "2580", "without a new start");
      await server.stop();
      await server.run();
      assert.equal(await passcode(server), "2580");

      // A wrong key is told, and nothing is done with it.
      const right = readFileSync(key);
      writeFileSync(key, before);
      assert.match(refused(server, "check"), /is not the one with which this store's secrets are sealed/);
      assert.match(refused(server, "secrets", "rotate"), /1 of 1 sealed secrets do not open/);
      writeFileSync(key, right);
      assert.match(server.cli("check"), /is what is stored/);

      // A copy of before opens with the key of then.
      assert.match(elsewhere.cli("restore", copy), /is what is stored/);
      assert.match(refused(elsewhere, "check"), /is not the one with which/);
      writeFileSync(join(elsewhere.data, "zamen.key"), before, { mode: 0o600 });
      await elsewhere.run();
      assert.equal(await passcode(elsewhere), "2580");
      await elsewhere.stop();

      // Who lost the key gives up what it opened, and goes on.
      copyFileSync(key, join(elsewhere.data, "zamen.key"));
      assert.match(elsewhere.cli("secrets", "rotate", "--drop-unreadable"), /^0 secrets are sealed with a new key, 1 were given up/);
      await elsewhere.run();
      await assert.rejects(passcode(elsewhere), (error) => error.status === 404);
    } finally {
      await Promise.all([server.remove(), elsewhere.remove()]);
    }
  });
}
