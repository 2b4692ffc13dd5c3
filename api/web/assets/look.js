// Light or dark, before the page is drawn: as the system has it, or as somebody chose at this machine. The choice is the
// only thing that a page keeps in the browser, and says nothing of anybody.
(() => {
  const root = document.documentElement
  const system = matchMedia('(prefers-color-scheme: dark)')
  const chosen = () => { try { return localStorage.getItem('look') } catch { return null } }
  const show = () => {
    const look = chosen() || (system.matches ? 'dark' : 'light')
    root.dataset.look = look
    const button = document.getElementById('look')
    if (!button) return
    button.hidden = false
    button.querySelector('[data-words]').textContent = look === 'dark' ? 'Light page' : 'Dark page'
  }
  show()
  system.addEventListener('change', show)
  addEventListener('DOMContentLoaded', () => {
    show()
    document.getElementById('look')?.addEventListener('click', () => {
      const other = root.dataset.look === 'dark' ? 'light' : 'dark'
      try {
        if (other === (system.matches ? 'dark' : 'light')) localStorage.removeItem('look')
        else localStorage.setItem('look', other)
      } catch { /* it lasts until the page is left */ }
      show()
      root.dataset.look = other
    })
  })
})()
