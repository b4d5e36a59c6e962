// @ts-check
// Fields that name a thing of the catalogue (`data-choices`) offer what it could be while one types: words of its title in any order, or its code. The list is
// a combobox's of the ARIA practices. Without this the field takes a title or a code as well.

(() => {
  const list = document.createElement("ul");
  list.id = "choices";
  list.className = "choices";
  list.setAttribute("role", "listbox");
  /** The field that the list is open for. @type {HTMLInputElement | null} */
  let field = null;
  let active = -1;
  let timer = 0;
  let asked = new AbortController();

  const rows = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-value]")]);

  /** The product that a field is about: told around it, or typed in the same part of the form. @param {HTMLInputElement} of */
  const product = (of) => {
    const told = /** @type {HTMLElement | null} */ (of.closest("[data-product]"))?.dataset.product;
    const typed = /** @type {HTMLInputElement | null} */ (of.closest(".sheet")?.querySelector("[data-choices=product]"));
    return told || (typed === of ? "" : (typed?.value ?? ""));
  };

  const close = () => {
    window.clearTimeout(timer);
    asked.abort();
    field?.setAttribute("aria-expanded", "false");
    field?.removeAttribute("aria-activedescendant");
    list.remove();
    field = null;
    active = -1;
  };

  /** @param {number} index */
  const point = (index) => {
    const all = rows();
    active = all.length === 0 ? -1 : (index + all.length) % all.length;
    all.forEach((row, at) => row.setAttribute("aria-selected", String(at === active)));
    const row = all[active];
    if (row) {
      field?.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    }
  };

  /** @param {HTMLElement | undefined} row */
  const pick = (row) => {
    if (!field || !row) return;
    const chosen = field;
    chosen.value = row.dataset.value ?? "";
    close();
    chosen.dispatchEvent(new Event("change", { bubbles: true }));
  };

  /** Asks what could be meant. What was chosen already is no question: then what is used most is offered. @param {HTMLInputElement} of @param {boolean} all */
  const ask = async (of, all) => {
    asked.abort();
    asked = new AbortController();
    const query = new URLSearchParams({ of: of.dataset.choices ?? "", q: all ? "" : of.value, product: product(of) });
    try {
      const answer = await fetch(`/choices?${query}`, { signal: asked.signal });
      if (!answer.ok || answer.redirected || document.activeElement !== of) return;
      list.innerHTML = await answer.text();
    } catch {
      return;
    }
    field = of;
    of.setAttribute("role", "combobox");
    of.setAttribute("aria-autocomplete", "list");
    of.setAttribute("aria-controls", list.id);
    of.setAttribute("aria-expanded", "true");
    list.setAttribute("aria-label", of.labels?.[0]?.textContent ?? of.getAttribute("aria-label") ?? "");
    of.after(list);
    // What is typed means the first, which one key takes; what was only opened means nothing yet.
    active = -1;
    if (!all && of.value.trim() !== "") point(0);
  };

  /** @param {EventTarget | null} target */
  const choosing = (target) => (target instanceof HTMLInputElement && target.dataset.choices ? target : null);

  document.addEventListener("input", (event) => {
    const of = choosing(event.target);
    if (!of) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => ask(of, false), 100);
  });
  document.addEventListener("click", (event) => {
    const of = choosing(event.target);
    if (of && field !== of) ask(of, of.value === "" || of.value.includes("·"));
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => pick(/** @type {HTMLElement} */ (event.target).closest("[data-value]") ?? undefined));
  document.addEventListener("focusout", (event) => {
    if (event.target === field || choosing(event.target)) close();
  });
  document.addEventListener(
    "keydown",
    (event) => {
      const of = choosing(event.target);
      if (!of || event.isComposing) return;
      const isOpen = field === of;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (isOpen) point(active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1));
        else ask(of, of.value === "" || of.value.includes("·"));
      } else if (isOpen && event.key === "Enter" && active >= 0) {
        // With Ctrl the form is sent, with what was meant in it.
        if (!event.ctrlKey) event.preventDefault();
        pick(rows()[active]);
      } else if (isOpen && event.key === "Tab" && active >= 0 && !event.shiftKey) {
        pick(rows()[active]);
      } else if (isOpen && event.key === "Escape") {
        event.preventDefault();
        close();
      }
    },
    true,
  );
})();
