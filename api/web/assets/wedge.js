// A handheld that types like a keyboard ("wedge"), anywhere on the page. What it types is told from what a person types by
// its speed and by what it says, is kept out of whatever has the focus, and is handed on as one reading with its separators.
//
// The first characters of a scan are like any others, so they go where they fall. As soon as the speed shows that they
// are no person's, the field gets back what stood in it, and the rest goes nowhere.

// Milliseconds and characters. A handheld types a character in 1 to 20 ms, and one that is set up for slow machines in
// up to 100. People need 80 and more on average, and are faster for two or three keys at most, which they press at once.
export const pace = {
  fast: 35, // mean between keys, at which four keys show a handheld
  scan: 40, // mean of a whole text that ends with Enter
  slow: 120, // mean of a text that is written like a barcode, or was typed where there is nothing to type into
  pause: 250, // longer ends a text
  least: 6, // shorter than this is no barcode
  unended: 8, // least length of a scan without Enter
  secret: 9 // a PIN has at most 8 characters, and is never taken for a scan
}

const GS = '\u001d'
const modifiers = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'CapsLock', 'NumLock', 'Meta', 'Fn'])

// Ways to write a barcode that nobody types by chance: an AIM identifier, a separator, a GTIN or a number of a person or
// place with its check digit, HIBC, ISBT 128, ISO 15434.
export function looksLikeCode (text) {
  if (/^\][A-Za-z][0-9A-Za-z]./.test(text) || text.includes(GS) || /^\[\)>/.test(text)) return true
  if (/^\+[A-Z][A-Z0-9]{3}/.test(text) || /^=[/)]/.test(text)) return true
  const gtin = /^\(?0[12]\)?(\d{14})/.exec(text)
  return (gtin !== null && checks(gtin[1])) || /^\(?801[78]\)?\d{18}/.test(text)
}

function checks (digits) {
  const sum = [...digits].reduceRight((s, d, i) => s + Number(d) * ((digits.length - 1 - i) % 2 ? 3 : 1), 0)
  return sum % 10 === 0
}

// isScan tells whether a text that ended is a handheld's. where is '', 'field' or 'secret'.
export function isScan ({ text, mean, longest, ended, where }) {
  if (where === 'secret' && text.length < pace.secret) return false
  if (text.length < (ended ? pace.least : pace.unended)) return false
  // Programs that type for people are as fast: into a field, what neither ends nor is written like a barcode is theirs.
  if (mean <= pace.scan && longest <= 2 * pace.slow) return ended || where === '' || looksLikeCode(text)
  return ended && mean <= pace.slow && (where === '' || looksLikeCode(text))
}

// listen watches the keys of a page. scan gets each reading, with caps set when Caps Lock was on; stray gets the number of
// characters that were typed nowhere and are no reading.
export function listen ({ scan, stray, target = window }) {
  let run = null // what is being typed
  let code = '' // of an Alt sequence on the number pad
  let after = -Infinity // a scan ended then; the line feed that some handhelds send too belongs to it
  const held = new Set() // keys whose release is kept back too

  const start = (at) => {
    const field = document.activeElement
    const secret = field?.matches?.('input[type=password]')
    const types = field?.matches?.('input:not([type=button], [type=submit], [type=file], [type=checkbox], [type=radio]), textarea')
    run = { active: field, text: '', first: at, last: at, longest: 0, field: types || field?.matches?.('select') ? field : null, where: secret ? 'secret' : types ? 'field' : '', taken: false, caps: false }
    if (types) run.before = { value: field.value, from: field.selectionStart, to: field.selectionEnd }
    else if (run.field) run.before = { index: field.selectedIndex }
  }
  const mean = () => run.text.length < 2 ? Infinity : (run.last - run.first) / (run.text.length - 1)

  // No handheld goes to another field: somebody did, and what follows is another text. A field that was drawn anew has
  // lost the focus to the page, which is no such thing.
  const elsewhere = () => {
    const now = document.activeElement
    return now !== run.active && now?.matches?.('input, select, textarea') && now.id !== run.active?.id
  }

  const takeOut = () => {
    run.taken = true
    const field = run.field
    if (!field) return
    const now = field.isConnected ? field : document.getElementById(field.id)
    if (!now) return
    if ('index' in run.before) { now.selectedIndex = run.before.index; return }
    now.value = run.before.value
    if (run.before.from !== null) now.setSelectionRange(run.before.from, run.before.to)
  }

  // What looked like a handheld and was none is put back where it was typed.
  const putBack = () => {
    const field = run.field
    if (!field?.isConnected || !('value' in run.before)) return
    if (run.before.from === null) field.value += run.text
    else field.setRangeText(run.text, field.selectionStart, field.selectionEnd, 'end')
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }

  // A field for a badge keeps what is scanned into it, and hands the keyboard on; a device scanned there is a reading all
  // the same.
  const forField = () => run.field?.matches?.('[data-scan]') && (!looksLikeCode(run.text) || /^(\][A-Za-z]\d)?\(?8017/.test(run.text))

  const goOn = (field) => {
    if (document.activeElement !== field || !field.form) return
    const all = [...field.form.elements].filter((e) => e.type !== 'hidden')
    all[all.indexOf(field) + 1]?.focus()
  }

  const finish = (ended) => {
    clearTimeout(run.timer)
    const is = isScan({ text: run.text, mean: mean(), longest: run.longest, ended, where: run.where })
    if (is && forField()) {
      if (run.taken) putBack()
      if (ended) goOn(run.field)
    } else if (is) {
      if (!run.taken) takeOut()
      scan(run.text, { caps: run.caps })
    } else if (run.taken) putBack()
    else if (run.where === '' && !run.field && run.text.length >= pace.least) stray(run.text.length)
    run = null
    return is
  }

  const keepBack = (e) => {
    e.preventDefault()
    e.stopImmediatePropagation()
    held.add(e.code)
  }

  const add = (c, e) => {
    const at = e.timeStamp
    if (run && Math.abs(at - run.last) > pace.pause) finish(false)
    if (!run) start(at)
    else run.longest = Math.max(run.longest, at - run.last)
    run.text += c
    run.last = at
    if (/[A-Za-z]/.test(c) && e.getModifierState?.('CapsLock')) run.caps = true
    if (!run.taken && run.text.length >= 4 && mean() <= pace.fast && (run.where !== 'secret' || run.text.length >= pace.secret)) takeOut()
    clearTimeout(run.timer)
    const wait = () => {
      const rest = pace.pause - (performance.now() - run.last)
      if (rest > 0) run.timer = setTimeout(wait, rest)
      else finish(false)
    }
    run.timer = setTimeout(wait, pace.pause)
  }

  // The character of a key, '' for none. A separator is shown as Ctrl-] by most browsers; RS and EOT frame ISO 15434.
  const character = (e) => {
    if (e.key === GS || (e.ctrlKey && (e.key === ']' || e.code === 'BracketRight'))) return GS
    if (e.ctrlKey && run && !e.altKey && e.timeStamp - run.last < pace.slow) {
      if (e.key === '^' || e.code === 'Digit6') return '\u001e'
      if (e.key.toLowerCase() === 'd') return '\u0004'
    }
    if (e.key.length !== 1 || e.metaKey) return ''
    return (e.ctrlKey || e.altKey) && !e.getModifierState('AltGraph') ? '' : e.key
  }

  target.addEventListener('keydown', (e) => {
    if (e.isComposing || modifiers.has(e.key)) return
    if (e.repeat) { if (run && !run.taken) { clearTimeout(run.timer); run = null } return }
    const digit = /^Numpad(\d)$/.exec(e.code)
    if (e.altKey && digit) { // Alt-029: the character comes when Alt is let go of
      code += digit[1]
      if (run) run.last = e.timeStamp
      keepBack(e)
      return
    }
    const line = e.key === 'Enter' || e.key === 'Tab' || (e.ctrlKey && /^[jm]$/i.test(e.key))
    if (line) {
      if (!run) { if (e.timeStamp - after < pace.slow) { after = e.timeStamp; keepBack(e) } return }
      if (e.timeStamp - run.last > pace.pause) { finish(false); return }
      if (finish(true)) { after = e.timeStamp; keepBack(e) }
      return
    }
    const c = character(e)
    if (!c) {
      if (run && !run.taken) { clearTimeout(run.timer); run = null }
      return
    }
    if (c === GS && !run) return
    add(c, e)
    // A space presses a button, and a letter chooses from a list: not in a scan.
    if (run.taken || c < ' ' || (c === ' ' && run.text.length > 1 && run.where === '')) keepBack(e)
  }, { capture: true })

  // Whoever touches something or goes on to another field has ended what was typed: it stands there before it is sent.
  for (const end of ['pointerdown', 'submit']) target.addEventListener(end, () => { if (run) finish(false) }, { capture: true })
  target.addEventListener('focusin', () => { if (run && elsewhere()) finish(false) }, { capture: true })

  target.addEventListener('keyup', (e) => {
    if (e.key === 'Alt' && code) {
      const c = String.fromCharCode(Number(code))
      code = ''
      e.preventDefault()
      if (run || c !== GS) add(c, e)
      return
    }
    if (held.delete(e.code)) { e.preventDefault(); e.stopImmediatePropagation() }
  }, { capture: true })

  // The character of an Alt sequence is written by the system as well.
  target.addEventListener('beforeinput', (e) => { if (run?.taken && !e.isComposing) e.preventDefault() }, { capture: true })
}
