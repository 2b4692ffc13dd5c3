// The first case of a practice: what comes next stands at the top, wherever the page was.

const guide = document.getElementById('guide')
const title = () => guide?.querySelector('h2')?.textContent
let shown = title()

document.body.addEventListener('htmx:oobAfterSwap', (e) => {
  if (e.detail.target !== guide || title() === shown) return
  shown = title()
  scrollTo(0, 0)
})
