// Typing what a label says: every field is checked by the node when it is left, and what is wrong is said beside it.
// Nothing that was typed is kept in the browser.

export function typing ({ form, send, token }) {
  const status = document.getElementById('typing-status')
  const sure = document.getElementById('typing-sure') // shown beside what is wrong: the label has it so
  const fields = [...form.querySelectorAll('input[name]')]
  const typed = () => Object.fromEntries(fields.filter((f) => f.value.trim()).map((f) => [f.name, f.value]))
  let turn = 0

  const show = (faults) => {
    for (const f of fields) {
      const mine = faults.filter((x) => x.field === f.name)
      const says = document.getElementById(f.id + '-says')
      const wrong = mine.some((x) => !x.doubt)
      says.textContent = mine.map((x) => (x.doubt ? '' : 'Wrong: ') + x.message).join(' ')
      says.classList.toggle('typing__says--wrong', wrong)
      f.setAttribute('aria-invalid', wrong)
    }
    const wrong = faults.some((x) => !x.doubt)
    sure.hidden = !wrong
  }

  const check = async () => {
    const mine = ++turn
    try {
      const r = await fetch('/api/v1/theatre/typed/check', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Form-Token': token() }, body: JSON.stringify(typed()), signal: AbortSignal.timeout(3000) })
      if (r.ok && mine === turn) show((await r.json()).faults)
    } catch { /* the banner says that the node is away; recording checks it again */ }
  }
  form.addEventListener('change', check)

  form.addEventListener('submit', (e) => {
    e.preventDefault()
    turn++
    const said = typed()
    if (!Object.keys(said).length) { status.textContent = 'Type what the label says first.'; return }
    status.textContent = 'Recording.'
    send({ typed: said, sure: e.submitter === sure }, () => {
      status.textContent = 'Recorded.'
      form.reset()
      show([])
    }, (why) => {
      status.textContent = 'Not recorded: ' + why
      check()
    })
  })
}
