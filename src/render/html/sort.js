
for (const table of document.querySelectorAll('.sortable table')) {
  const body = table.tBodies[0];
  const key = (row, at) => row.cells[at].dataset.key ?? row.cells[at].textContent;
  [...table.tHead.rows[0].cells].forEach((cell, at) => {
    const button = document.createElement('button');
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener('click', () => {
      const falls = cell.getAttribute('aria-sort') === 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      cell.setAttribute('aria-sort', falls ? 'descending' : 'ascending');
      const order = (a, b) => key(a, at).localeCompare(key(b, at), 'en', { numeric: true });
      const rows = [...body.rows].sort((a, b) => falls ? order(b, a) : order(a, b));
      body.append(...rows);
    });
  });
}
