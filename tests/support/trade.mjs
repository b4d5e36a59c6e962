// The house in which the cases of the trade happen: policies GOLD, PAID and TRAVEL-HALF, products, services, faults and people, made over the API.
const title = (text) => ({ fa: text, en: text });

const plain = (terms, exclusions = [], repair_warranty) => ({
  start: { from: ["sold"] }, waiting_days: 0, terms, exclusions, deductible: 0,
  limits: { per_months: null, max_claims: null, max_amount: null }, extend_by_downtime: null,
  ...(repair_warranty ? { repair_warranty } : {}),
});

export const PARTS = { "CMP-EM65": 98_500_000, "FILTER-1": 3_200_000, "FAN-1": 2_800_000, "MOTOR-1": 12_000_000, "BOARD-1": 26_000_000, "HINGE-1": 2_000_000 };
const SERVICES = { "SVC-COMP": ["labour", 24_000_000], "SVC-TRAVEL": ["travel", 4_000_000], "SVC-FAN": ["labour", 1_500_000], "SVC-BOARD": ["labour", 5_000_000], "SVC-ANY": ["labour", 4_500_000] };
const DEVICES = ["SRF-7300", "VAC-1", "IRON-1", "HOOD-1", "LAP-1", "TV-1"];
/** What an administrator tells somebody new. */
const FIRST = "bridle the first horse";
const PEOPLE = { maryam: "receptionist", saeed: "technician", laleh: "centre_manager" };

/** Furnishes a store that was just set up. Returns the ids that the steps need. */
export async function furnish(server) {
  const make = async (path, body) => (await server.call("admin", "POST", path, body)).id;
  const own = (await server.call("admin", "GET", "/legal-entities")).items[0].id;
  const centre = (await server.call("admin", "GET", "/centres")).items[0];
  const maker = await make("/legal-entities", { name: "ACME", roles: ["maker"] });
  const insurer = await make("/legal-entities", { name: "بیمهٔ مهر", roles: ["insurer"] });
  const brand = await make("/brands", { code: "ACME", title: title("ACME"), maker });
  const appliance = await make("/product-kinds", { code: "appliance", title: title("appliance") });
  const part = await make("/product-kinds", { code: "part", title: title("part") });
  const compressor = await make("/product-kinds", { code: "compressor", title: title("compressor"), parent: part });
  for (const code of DEVICES) await make("/products", { code, title: title(code), kind: appliance, brand });
  for (const [code, price] of Object.entries(PARTS)) {
    const isCompressor = code === "CMP-EM65";
    await make("/products", { code, title: title(code), kind: isCompressor ? compressor : part, brand, price, is_part: true, is_serialised: isCompressor });
  }
  for (const [code, [line_type, price]] of Object.entries(SERVICES)) await make("/services", { code, title: title(code), line_type, price });
  const silent = await make("/faults", { code: "fan-silent", title: title("fan-silent") });
  await make("/faults", { code: "hood-silent", title: title("hood-silent"), related: [silent] });
  for (const code of ["no-cooling", "compressor-seized", "no-power", "wet"]) await make("/faults", { code, title: title(code) });
  for (const code of ["wear", "liquid", "power-surge", "burnt"]) await make("/causes", { code, title: title(code) });
  const policy = async (code, cover_kind, payer, rules) => {
    const id = await make("/policies", { code, title: title(code), cover_kind, payer, rules });
    await server.call("admin", "POST", `/policies/${id}/publish`, {});
    return id;
  };
  const gold = await policy("GOLD", "card", maker, plain(
    [{ id: "whole", pays: { part: 100, labour: 100 }, months: 36 }, { id: "compressor", scope: { kinds: ["compressor"] }, pays: { part: 100 }, months: 60 }],
    [{ id: "liquid", causes: ["liquid"] }, { id: "power-surge", causes: ["power-surge"] }, { id: "wear", items: ["FILTER-1"] }],
    { part_days: 90, labour_days: 30, payer: "same" },
  ));
  const travel = await policy("TRAVEL-HALF", "contract", insurer, plain([{ id: "travel", pays: { travel: 50 }, months: 24 }]));
  const paid = (await server.call("admin", "GET", "/policies?q=PAID")).items[0].id;
  await server.call("admin", "PUT", `/centres/${centre.id}`, { code: "02", title: centre.title, legal_entity: own, paid_policy: paid, diagnosis_fee: 600_000 });
  for (const [login, role] of Object.entries(PEOPLE)) {
    await make("/users", { login, name: login, password: FIRST, roles: [{ role, centre: centre.id }] });
    await server.settle(login, FIRST, "correct horse");
  }
  return { own, centre: centre.id, maker, insurer, brand, gold, travel };
}
