// Every operation as its own example says, then schemathesis against the same things, as several roles: no 500, no status that is not described, no answer
// that breaks its schema.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { call, enliven, operations } from "../support/examples.mjs";
import { Server } from "../support/server.mjs";
import { furnish } from "../support/trade.mjs";

/** What changes the access of others: with generated rights last, when nobody needs them any more. */
const ACCESS = ["disableUser", "updateUser", "resetPassword", "changePermission"];
/** What a person does on their own page alone: a token that calls it is refused, so that none ends itself. */
const BY_PERSONS = ["createToken", "revokeToken"];
/** Whose invoices there are none of: they come from a hand-over, which the scenarios walk to. */
const ABSENT = ["getInvoice"];
const ROLES = { laleh: "centre manager", maryam: "receptionist", saeed: "technician" };
const tool = process.env.SCHEMATHESIS;

async function house(then) {
  const server = await Server.start("sqlite");
  try {
    await server.setUp();
    const made = await furnish(server);
    const document = await (await fetch(`${server.base}/api/v1/openapi.json`)).json();
    await enliven(server, made, document);
    await then(server, document);
  } finally {
    await server.remove();
  }
}

test("each operation answers its own example, and a token neither makes a token nor ends one", () =>
  house(async (server, document) => {
    const wrong = [];
    for (const one of operations(document).filter(({ method }) => method === "get")) {
      const answer = await call(server, server.token("admin"), one);
      if (answer.ok === ABSENT.includes(one.operation.operationId)) wrong.push(`${one.operation.operationId}: ${answer.status} ${await answer.text()}`);
    }
    assert.deepEqual(wrong, []);
    for (const one of operations(document).filter(({ operation }) => BY_PERSONS.includes(operation.operationId))) {
      const answer = await call(server, server.token("admin"), one);
      assert.deepEqual([answer.status, (await answer.json()).code], [403, "by-a-person"], one.operation.operationId);
    }
    // Nobody of these roles is told of what the administrator alone keeps.
    for (const login of Object.keys(ROLES)) {
      const answer = await call(server, server.token(login), operations(document).find(({ operation }) => operation.operationId === "listUsers"));
      assert.equal(answer.status, 403, login);
    }
  }));

test("schemathesis finds nothing that the document does not say, as any role", { skip: tool ? false : "SCHEMATHESIS names no schemathesis" }, async () => {
  assert.ok(tool || !process.env.CI);
  await house(async (server, document) => {
    const path = join(server.data, "openapi.json");
    writeFileSync(path, JSON.stringify(document));
    // One worker: with two, Python 3.11 now and then dies of "AST constructor recursion depth mismatch", because both parse at once.
    const run = async (login, phases, examples, filter) => {
      const words = [
        `--config-file=${fileURLToPath(new URL("../schemathesis.toml", import.meta.url))}`, "run", path, "--url", server.base,
        "-H", `Authorization: Bearer ${server.token(login)}`, "--phases", phases, "-n", `${examples}`, "--continue-on-failure", "-w", "1", "--warnings", "off",
        ...ACCESS.flatMap((id) => [filter, id]),
      ];
      // Not the synchronous call: a loop that stands still does not see that the server has closed a connection that it keeps.
      await promisify(execFile)(tool, words, { timeout: 300_000, maxBuffer: 1 << 26 }).catch(({ code, stdout, stderr }) => {
        assert.fail(`as ${login} (${code}):\n${stdout.slice(-20_000)}${stderr.slice(-2_000)}`);
      });
    };
    // What the roles may not do or see is refused with 403 or 404, which schemathesis.toml takes for right.
    for (const login of Object.keys(ROLES)) await run(login, "examples,fuzzing", 2, "--exclude-operation-id");
    await run("admin", "examples,coverage,fuzzing", 8, "--exclude-operation-id");
    await run("admin", "examples,coverage,fuzzing", 4, "--include-operation-id");
    // Nobody lost their token on the way.
    const answer = await fetch(`${server.base}/api/v1/tokens`, { headers: { authorization: `Bearer ${server.token("admin")}` } });
    assert.equal(answer.status, 200);
  });
});
