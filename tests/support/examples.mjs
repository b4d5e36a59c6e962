// The examples of the API's document, told of things that are there: each operation can then be called as its own example says.
import assert from "node:assert/strict";

/** What an example must say otherwise in the house of `trade.mjs`, where its codes are taken or its things are others. */
const BODIES = {
  createCentre: { code: "77" },
  updateCentre: { code: "77" },
  createProduct: { code: "SRF-9" },
  updateProduct: { code: "SRF-9" },
  createService: { code: "SVC-9" },
  updateService: { code: "SVC-9" },
  createCause: { code: "flood" },
  updateCause: { code: "flood" },
  createUser: { login: "spare", password: "bridle the first horse" },
  updateUser: { login: "spare", password: "bridle the first horse" },
  resetPassword: { password: "bridle the first horse" },
};

/** Each operation with its method and path. */
export function operations(document) {
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
}

const body = (operation) => operation.requestBody?.content["application/json"].examples.usual;
const noun = (path) => path.split("/")[3];

/** Calls an operation as its example says. */
export async function call(server, token, { path, method, operation }) {
  const headers = { authorization: `Bearer ${token}`, "accept-language": "en", "idempotency-key": crypto.randomUUID() };
  const query = new URLSearchParams();
  let at = path;
  for (const { name, in: where, example } of operation.parameters) {
    if (where === "path") at = at.replace(`{${name}}`, encodeURIComponent(example));
    if (where === "query" && example !== undefined) query.append(name, example);
  }
  const sent = body(operation);
  if (sent) headers["content-type"] = "application/json";
  return fetch(`${server.base}${at}${query.size ? `?${query}` : ""}`, { method: method.toUpperCase(), headers, body: sent && JSON.stringify(sent.value) });
}

/** Puts things into the house for every noun of the API, and into the examples of its document; what an example makes is what the others of its noun are about. */
export async function enliven(server, house, document) {
  const things = {};
  const set = (value, fields) => {
    for (const [field, inner] of Object.entries(value)) {
      if (inner === "0123456789abcdef") value[field] = fields[field] ?? inner;
      else if (inner && typeof inner === "object") set(inner, fields);
    }
  };
  const bodies = { ...BODIES, createCard: { policy: house.gold } };
  for (const id of ["createPolicy", "updatePolicy"]) bodies[id] = { code: "SILVER", cover_kind: "card", payer: house.maker };
  for (const { operation } of operations(document)) if (body(operation)) Object.assign(body(operation).value, bodies[operation.operationId]);
  const person = { name: "زهرا کریمی", phones: ["09123456780"] };
  const device = await server.call("admin", "POST", "/devices", { product: "SRF-7300", serial: "LIVE-1", events: [{ type: "sold", on: "2025-04-03" }] });
  const visit = await server.call("maryam", "POST", "/receptions", { customer: { new: person }, devices: [{ device: device.id, faults: ["no-cooling"], passcode: "2580" }] });
  const repair = await server.call("admin", "GET", `/repairs/${visit.repairs[0].id}`);
  const [paper] = (await server.call("admin", "GET", `/documents/of/reception/${visit.id}`)).items;
  const made = { legal_entity: house.own, maker: house.maker, brand: house.brand, centre: house.centre, policy: house.travel, device: device.id, customer: visit.customer.id };
  made.kind = (await server.call("admin", "GET", "/product-kinds")).items[0].id;
  Object.assign(things, { receptions: visit.id, repairs: repair.id, documents: paper.id });
  for (const { path, method, operation } of operations(document)) {
    const sent = body(operation);
    if (sent) set(sent.value, made);
    // The query of a timeline.
    if (path.endsWith("/timeline")) operation.parameters.find(({ name }) => name === "id").example = made.device;
    if (method !== "post" || path.split("/").length !== 4 || !/^(create|add|start)/.test(operation.operationId) || operation.operationId === "createToken") continue;
    const answer = await call(server, server.token("admin"), { path, method, operation });
    const told = await answer.json();
    assert.equal(answer.status, 201, `${operation.operationId}: ${JSON.stringify(told)}`);
    things[noun(path)] ??= told.id;
  }
  for (const { path, operation } of operations(document)) {
    for (const parameter of operation.parameters.filter((one) => one.in === "path")) {
      if (parameter.name === "number") parameter.example = visit.tracking_number;
      else if (parameter.name === "kind") parameter.example = "reception";
      else parameter.example = path.includes("/documents/of/") ? visit.id : things[noun(path)] ?? parameter.example;
    }
  }
}
