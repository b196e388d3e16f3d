
// Headings of sortable tables become buttons; without this script, tables are unchanged.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const headings = [...table.tHead.rows[0].cells]
  const body = table.tBodies[0]
  const key = (row, column) => {
    const cell = row.cells[column]
    const text = (cell.dataset.sort ?? cell.textContent).trim()
    const value = text === "" || text === "–" ? NaN : Number(text.replaceAll(",", ""))
    return { text, value, missing: text === "" || text === "–" }
  }
  const compare = (a, b) =>
    Number.isNaN(a.value) || Number.isNaN(b.value)
      ? a.text.localeCompare(b.text, "en", { numeric: true })
      : a.value - b.value
  headings.forEach((heading, column) => {
    if (heading.tagName !== "TH") return
    const button = document.createElement("button")
    button.type = "button"
    button.append(...heading.childNodes)
    heading.append(button)
    button.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending"
      for (const other of headings) other.removeAttribute("aria-sort")
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending")
      const rows = [...body.rows].map(row => ({ row, key: key(row, column) }))
      // Missing values stay last in both orders.
      rows.sort((a, b) => a.key.missing - b.key.missing || (descending ? -1 : 1) * compare(a.key, b.key))
      body.append(...rows.map(({ row }) => row))
    })
  })
}

// Long tables are searched by the text of their first column.
for (const box of document.querySelectorAll(".tall")) {
  const rows = [...box.querySelectorAll("tbody tr")]
  if (rows.length <= 10) continue
  const field = document.createElement("input")
  field.type = "search"
  field.className = "find"
  field.placeholder = "Find a label"
  field.setAttribute("aria-label", "Find a label in the table below")
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase()
    for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted)
  })
  box.before(field)
}
