// @ts-check
// What pages do beyond plain HTML: keys, the coverage answer while typing, photos. Everything works without it, only slower.

/** @param {string} selector @returns {HTMLElement | null} */
const find = (selector) => document.querySelector(selector);

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target.matches("input, textarea, select");
  if ((event.key === "/" && !typing) || (event.key.toLowerCase() === "k" && event.ctrlKey)) {
    event.preventDefault();
    const box = /** @type {HTMLInputElement | null} */ (find("#search"));
    box?.focus();
    box?.select();
  }
  if (event.key === "Enter" && event.ctrlKey) {
    const button = /** @type {HTMLButtonElement | null} */ (find("button[data-main]"));
    if (button) {
      event.preventDefault();
      button.click();
    }
  }
  if (event.altKey && event.key.toLowerCase() === "d") {
    const button = find("[data-add-device]");
    if (button) {
      event.preventDefault();
      button.click();
    }
  }
});

// Where what was typed turned out to be known, the answer is asked anew, and a hand that lost its field goes on at the next one.
document.addEventListener("htmx:load", (event) => {
  const part = /** @type {HTMLElement} */ (event.target);
  if (part.dataset?.found === undefined) return;
  part.closest("form")?.dispatchEvent(new Event("change"));
  if (document.activeElement === document.body) {
    const next = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#receive input:not([type=hidden]), #receive button"))].find(
      (field) => field.tabIndex >= 0 && (part.contains(field) || part.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING),
    );
    next?.focus();
  }
});

// A form that was sent is not sent twice by a second click.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  window.setTimeout(() => delete form.dataset.sent, 4000);
});

// Choosing a centre or a language takes effect at once.
document.addEventListener("change", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  if (field.dataset.submit !== undefined) field.closest("form")?.requestSubmit();
});

/** Sends a photo and puts its id into the form. @param {File} file @param {HTMLElement} box */
async function upload(file, box) {
  const data = new FormData();
  data.append("_csrf", box.dataset.csrf ?? "");
  data.append("purpose", box.dataset.purpose ?? "condition");
  if (box.dataset.repair) data.append("repair", box.dataset.repair);
  data.append("file", file);
  const answer = await fetch("/photos", { method: "POST", body: data });
  const told = await answer.json();
  const list = box.querySelector(".photos");
  if (!answer.ok) {
    const message = document.createElement("span");
    message.className = "field-fault";
    message.textContent = told.detail;
    list?.append(message);
    return;
  }
  const image = document.createElement("img");
  image.src = `/photos/${told.id}`;
  image.alt = box.dataset.alt ?? "";
  list?.append(image);
  if (box.dataset.name) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = box.dataset.name;
    field.value = told.id;
    box.append(field);
  }
}

for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-photos]"))) {
  box.addEventListener("change", (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (field.type === "file") for (const file of field.files ?? []) upload(file, box);
  });
  box.addEventListener("dragover", (event) => event.preventDefault());
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer?.files ?? []) upload(file, box);
  });
}
document.addEventListener("paste", (event) => {
  const box = /** @type {HTMLElement | null} */ (find("[data-photos]"));
  if (box) for (const file of event.clipboardData?.files ?? []) upload(file, box);
});

// The first faulty field has the focus.
/** @type {HTMLElement | null} */ (find("[aria-invalid=true]"))?.focus();
