// The program as an administrator meets it: configuration, exit codes, TLS, the cases of coverage, a clean stop.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, binary } from "../support/server.mjs";

const folder = mkdtempSync(join(tmpdir(), "zamen-program-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const run = (words, options = {}) => spawnSync(binary, words, { encoding: "utf8", cwd: folder, ...options });

test("a wrong key of the configuration is named by its path, wherever it stands", () => {
  writeFileSync(join(folder, "zamen.toml"), '[database]\nurll = "x"\n');
  const file = run(["config", "check"]);
  assert.notEqual(file.status, 0);
  assert.match(file.stderr, /urll/);
  assert.match(file.stderr, /database/);
  writeFileSync(join(folder, "zamen.toml"), 'listen = "127.0.0.1:9"\n');
  assert.equal(run(["config", "check"]).status, 0);
  const wrong = run(["config", "check"], { env: { ...process.env, ZAMEN_LISTEN: "nowhere" } });
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stderr, /listen/i);
  rmSync(join(folder, "zamen.toml"));
});

test("every command says in full sentences what it does, and refuses with a sentence and a status", () => {
  const help = run(["--help"]);
  assert.equal(help.status, 0);
  for (const command of ["serve", "demo", "migrate", "check", "coverage", "import", "report", "token", "access", "user", "secrets", "backup", "restore", "openapi", "bench", "config"]) assert.match(help.stdout, new RegExp(`^  ${command} +\\S`, "m"));
  const data = ["--data", join(folder, "data")];
  for (const [words, status, sentence] of [
    [["fly"], 2, /unrecognized/],
    [["import", "moons", "x.csv", ...data], 1, /none of products/],
    [["import", "products", "missing.csv", ...data], 1, /cannot be read/],
    [["report", "nothing", ...data], 1, /nothing/],
    [["token", "create", "--login", "nobody", ...data], 1, /nobody signs in/],
    [["bench", "flying"], 1, /none of receive/],
    [["token", "create", "--login", "ad\u202emin", ...data], 1, /cannot be seen/],
  ]) {
    const told = run(words);
    assert.equal(told.status, status, `${words}: ${told.stderr}`);
    assert.match(told.stderr, sentence);
  }
  assert.match(run(["access", "table", ...data]).stdout, /give_goodwill\treceptionist\tyes\t10\t5000000/);
  writeFileSync(join(folder, "bad.csv"), "name,phone\nزهرا,12\nعلی,09121112233\n");
  const partly = run(["import", "customers", "bad.csv", "--dry-run", ...data]);
  assert.equal(partly.status, 2, partly.stderr);
  assert.match(partly.stdout, /row 2\tphone\t12/);
  assert.match(partly.stdout, /2 rows, 1 written, 0 known already, 1 bad\. Nothing was written/);
});

test("coverage decide answers the cases to the letter, and names what is malformed", () => {
  const cases = fileURLToPath(new URL("../cases/", import.meta.url));
  const lines = (text) => text.split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));
  const decided = run(["coverage", "decide", "--cases", `${cases}coverage-public.jsonl`]);
  assert.equal(decided.status, 0);
  assert.deepEqual(lines(decided.stdout), lines(readFileSync(`${cases}coverage-public.expected.jsonl`, "utf8")));
  const malformed = run(["coverage", "decide", "--cases", `${cases}coverage-malformed.jsonl`]);
  assert.equal(malformed.status, 2);
  const only = ({ case: name, error, path }) => [name, error?.path ?? path];
  assert.deepEqual(lines(malformed.stdout).map(only), lines(readFileSync(`${cases}coverage-malformed.expected.jsonl`, "utf8")).map(only));
});

test("pages are served over TLS, and their cookie is bound to it", async () => {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"], { cwd: folder, stdio: "ignore" });
  const server = await Server.start("sqlite");
  try {
    await server.setUp();
    await server.stop();
    writeFileSync(join(folder, "tls.toml"), `[tls]\ncertificate = "${join(folder, "cert.pem")}"\nkey = "${join(folder, "key.pem")}"\n`);
    const ask = (method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = body ? { "content-type": "application/x-www-form-urlencoded" } : {};
        const sent = request({ host: "127.0.0.1", port: server.port, path, method, headers, ca: readFileSync(join(folder, "cert.pem")), servername: "localhost" }, resolve);
        sent.on("error", reject);
        sent.end(body);
      });
    server.flags.push("--config", join(folder, "tls.toml"));
    server.base = `https://127.0.0.1:${server.port}`;
    const started = server.run().catch(() => null); // its look at the health page trusts no certificate of ours
    let answer;
    for (const until = Date.now() + 20_000; !answer && Date.now() < until; ) answer = await ask("GET", "/sign-in").catch(() => new Promise((resolve) => setTimeout(() => resolve(null), 20)));
    assert.equal(answer?.statusCode, 200);
    const signed = await ask("POST", "/sign-in", "login=admin&password=correct+horse");
    assert.match(String(signed.headers["set-cookie"]), /^__Host-zamen=.*Secure/);
    await server.stop();
    await started;
  } finally {
    await server.remove();
  }
});

test("it stops cleanly, and starts again with what it had", async () => {
  const server = await Server.start("sqlite");
  try {
    await server.setUp();
    await server.stop("SIGINT");
    assert.equal(server.process.exitCode, 0);
    await server.run();
    assert.ok((await server.call("admin", "GET", "/centres")).items.length === 1);
  } finally {
    await server.remove();
  }
});

/** What others may do with the files of a folder and with the folder itself: nothing where all is well. */
const open = (at) => [at, ...readdirSync(at).map((name) => join(at, name))].map((path) => [path, statSync(path).mode & 0o077]).filter(([, mode]) => mode !== 0);

test("what it writes is its owner's alone, however open the shell leaves new files", async () => {
  const before = process.umask(0);
  const server = await Server.place("sqlite");
  try {
    chmodSync(server.data, 0o755);
    await server.run();
    await server.setUp();
    const files = readdirSync(server.data);
    for (const name of ["zamen.db", "zamen.db-wal", "zamen.db-shm", "zamen.key"]) assert.ok(files.includes(name), `${name} is not among ${files}`);
    assert.deepEqual(open(server.data), [], "a folder that was open is closed, and what is made while serving is too");

    server.cli("backup", join(server.data, "copy"));
    server.cli("report", "failure-causes", "--output", join(server.data, "causes.csv"));
    assert.match(readFileSync(join(server.data, "causes.csv"), "utf8"), /^\uFEFFproduct_kind,/);
    for (const words of ["report failure-causes", "token create --login admin"]) execFileSync("sh", ["-c", `"${binary}" ${words} ${server.flags.join(" ")} > "${join(server.data, words.split(" ")[0])}"`]);
    assert.deepEqual(open(server.data), [], "so are copies, exports and secrets that are printed into a file");
    assert.throws(() => server.cli("report", "failure-causes", "--output", join(server.data, "causes.csv")), /cannot be written/);

    await server.stop();
    for (const name of ["zamen.db", "zamen.key"]) chmodSync(join(server.data, name), 0o644);
    await server.run();
    assert.deepEqual(open(server.data), [], "what an earlier start left open is closed");
  } finally {
    process.umask(before);
    await server.remove();
  }
});

test("a store and a key that stand elsewhere are closed; a folder that is not ours is left alone or refused", () => {
  const elsewhere = join(folder, "elsewhere");
  mkdirSync(join(elsewhere, "of-others"), { recursive: true });
  const [store, key] = [join(elsewhere, "house.db"), join(elsewhere, "house.key")];
  const words = ["check", "--database-url", store, "--secret-key-file", key];
  assert.equal(run(words).status, 0);
  for (const path of [store, key]) chmodSync(path, 0o644);
  chmodSync(elsewhere, 0o755);
  assert.equal(run(words).status, 0);
  assert.deepEqual([store, key, elsewhere].map((path) => statSync(path).mode & 0o777), [0o600, 0o600, 0o755]);

  const shared = run(["check", "--data", elsewhere]);
  assert.equal(shared.status, 1);
  assert.match(shared.stderr, /a folder of its own/);
  assert.equal(statSync(elsewhere).mode & 0o777, 0o755);
  if (process.getuid() !== 0) return; // only root gives things away
  const theirs = join(folder, "theirs");
  mkdirSync(theirs);
  chmodSync(theirs, 0o755);
  chownSync(theirs, 1, 1);
  const refused = run(["check", "--data", theirs]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /belongs to another user \(1\)/);
  chownSync(key, 1, 1);
  chmodSync(key, 0o640);
  assert.match(run(words).stderr, /house\.key can be read by others and belongs to another user/);
});
