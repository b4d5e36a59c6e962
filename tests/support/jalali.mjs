/** A Jalali day as the API's Gregorian one: the calendar of the trade's dates, by the platform's own tables. */
export function gregorian(jalali) {
  const [year, month, day] = jalali.split("/").map(Number);
  const shown = new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", { timeZone: "UTC", year: "numeric", month: "numeric", day: "numeric" });
  const at = new Date(Date.UTC(year + 621, 2, 20));
  at.setUTCDate(at.getUTCDate() + (month - 1) * 30 + day - 3);
  for (let tries = 0; tries < 20; tries += 1) {
    const part = Object.fromEntries(shown.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    if (part.year === year && part.month === month && part.day === day) return at.toISOString().slice(0, 10);
    at.setUTCDate(at.getUTCDate() + 1);
  }
  throw new Error(`${jalali} is no day`);
}
