// The two commands of the README and CI: what CI finds wrong of a run, that it walks the stranger's road, and ports that somebody else took.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = (path) => readFileSync(join(root, path), "utf8");
const folder = mkdtempSync(join(tmpdir(), "zamen-scripts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What CI makes of a clone whose tests are these. */
function ci(name, tests) {
  const clone = join(folder, name);
  for (const at of [".ci", "scripts"]) mkdirSync(join(clone, at), { recursive: true });
  copyFileSync(join(root, ".ci/run"), join(clone, ".ci/run"));
  const [stage] = /^ran=\(\)\n[\s\S]*?^}\n/m.exec(text("scripts/test"));
  const [last] = /^\(IFS=.*$/m.exec(text("scripts/test"));
  writeFileSync(join(clone, "scripts/test"), `#!/usr/bin/env bash\nset -euo pipefail\n${stage}${tests}\n${last}\n`, { mode: 0o755 });
  const told = spawnSync(join(clone, ".ci/run"), { encoding: "utf8", env: { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: join(folder, "cache") } });
  return { ...told, clone };
}

test("CI fails where a stage failed, was left out, or none ran", () => {
  const whole = ci("whole", 'stage "one" echo the closing line\nstage "two" true');
  assert.equal(whole.status, 0, whole.stderr);
  assert.match(whole.stdout, /== one\nthe closing line\n== two\n== ran: one\|two\n$/);
  for (const [name, tests] of [
    ["failed", 'stage "one" false\nstage "two" true'],
    ["left-out", 'stage "one" true\nif false; then\n  stage "two" true\nfi'],
    ["none", 'exit 0\nstage "one" true'],
    ["inside", 'work() {\n  false\n  true\n}\nstage "one" work'],
  ]) assert.notEqual(ci(name, tests).status, 0, name);
});

test("what CI keeps is a link, and it sets nothing that the README does not name", () => {
  const { clone, status } = ci("link", 'stage "one" test -d target');
  assert.equal(status, 0);
  assert.ok(lstatSync(join(clone, "target")).isSymbolicLink());
  assert.equal(realpathSync(join(clone, "target")), realpathSync(join(folder, "cache/zamen/target")));
  const set = [".ci/run", "scripts/demo"].flatMap((path) => [...text(path).matchAll(/^\s*export (\w+)/gm)].map(([, name]) => name));
  assert.deepEqual(set, ["CI"]);
  for (const name of set) assert.match(text("README.md"), new RegExp(`\`${name}=`), name);
});

test("a port that is taken is passed over", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.on("listening", resolve));
  const { port } = taken.address();
  const [free] = /^free\(\) \{[\s\S]*?^}\n/m.exec(text("scripts/postgres"));
  const found = Number(execFileSync("bash", ["-c", `${free}free ${port}`], { encoding: "utf8" }));
  taken.close();
  assert.ok(found > port, `${found} after ${port}`);
});

test("each requirement of OWASP ASVS 5.0, levels 1 and 2, is answered once, and the tests that it names are there", () => {
  const rows = text("docs/security.md").split("\n").map((line) => /^\| (\d+\.\d+\.\d+) \| (.+) \| (.+) \| (.*) \|$/.exec(line)).filter(Boolean);
  assert.equal(new Set(rows.map(([, number]) => number)).size, rows.length);
  assert.equal(rows.length, 253);
  const folders = { http: "crates/web/tests/http/", app: "crates/app/src/", store: "crates/store/src/", api: "tests/api/", browser: "tests/browser/" };
  for (const [, number, , , tests] of rows) {
    for (const [, folder, name] of tests.matchAll(/`(\w+)\/([^`]+)`/g)) {
      const at = join(root, folders[folder], name);
      assert.ok(["", ".rs", ".test.mjs"].some((ending) => existsSync(at + ending)), `${number}: ${folder}/${name}`);
    }
  }
});
