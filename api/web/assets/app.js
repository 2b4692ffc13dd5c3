// What a page does by itself: it starts the design system's components, watches whether its node is there, and on the
// theatre page brings scans in and shows changes as they come. Nothing of anybody is kept in the
// browser's storage.

import { listen as listenToWedge } from './wedge.js'
import * as sound from './sound.js'
import { control as controlCamera } from './camera.js'
import { typing } from './typed.js'

const lostAfter = 1500 // milliseconds without a word from the node

document.body.classList.add('js-enabled')
if ('noModule' in HTMLScriptElement.prototype) document.body.classList.add('nhsuk-frontend-supported')
import('/assets/vendor/nhsuk-frontend/nhsuk-frontend.min.js').then((m) => m.initAll()).catch(() => {}).finally(() => document.body.classList.add('is-started'))

// What changes comes in one answer for all parts of the theatre page (which htmx calls out of band), or for one part of another.
function onSwap (when, hear) {
  for (const name of ['htmx:' + when.toLowerCase() + 'Swap', 'htmx:oob' + when + 'Swap']) document.body.addEventListener(name, hear)
}

// ---- Is the node there? ----

let heard = performance.now()
let lost = false

function alive () {
  heard = performance.now()
  if (!lost) return
  lost = false
  document.getElementById('node-lost').hidden = true
  document.body.classList.remove('is-stale')
  document.body.dispatchEvent(new Event('changed')) // what was missed
}

function watch () {
  if (!lost && performance.now() - heard > lostAfter) {
    lost = true
    document.getElementById('node-lost').hidden = false
    document.body.classList.add('is-stale')
    if (live) sound.play('lost')
  }
}
const live = document.querySelector('[data-live]')
setInterval(watch, 250)
// A page that was hidden, or a tablet that slept, had its timers held back: it looks before anybody else does.
for (const back of ['visibilitychange', 'focus', 'online', 'offline', 'pageshow']) addEventListener(back, watch, { capture: true })

document.querySelector('[data-go]')?.click() // back from the trust's directory

// ---- Is it still the same person? What one person was shown goes when another signs in, or nobody is signed in. ----

const unsent = { any: () => false } // readings that the node has not answered yet keep the page

function caller (key) {
  if (key && key !== document.body.dataset.caller && !unsent.any()) location.reload()
}

async function callers () {
  try {
    const r = await fetch('/api/v1/me', { cache: 'no-store', signal: AbortSignal.timeout(2000) })
    if (r.ok) caller((await r.json()).key)
  } catch { /* the banner says it */ }
}
setInterval(callers, 5000)
onSwap('After', () => caller(document.querySelector('[data-desk]')?.dataset.caller))

if (live) {
  let stream
  let asked // when the stream was asked for
  const listen = () => {
    stream?.close()
    asked = performance.now()
    const now = stream = new EventSource('/api/v1/theatre/events')
    stream.addEventListener('alive', alive)
    stream.addEventListener('changed', () => { alive(); document.body.dispatchEvent(new Event('changed')) })
    // A stream that was refused does not come back by itself.
    stream.onerror = () => { if (now === stream && now.readyState === EventSource.CLOSED) { callers(); setTimeout(() => { if (now === stream) listen() }, 500) } }
  }
  listen()
  // Nor does one whose node hangs or has lost its power: such a connection stays open and silent for minutes.
  setInterval(() => { if (lost && performance.now() - asked > 3000) listen() }, 500)
  addEventListener('pagehide', () => stream.close())
  addEventListener('pageshow', (e) => { if (e.persisted) listen() })
} else {
  const ask = async () => {
    try {
      const r = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(1000) })
      if (r.ok) alive()
    } catch { /* silence is the answer */ }
    setTimeout(ask, 500)
  }
  ask()
}

// ---- Forms that htmx sends ----

const message = document.getElementById('message')

function say (title, detail) {
  if (!message) return
  message.replaceChildren()
  if (!title) return
  const box = document.createElement('div')
  box.className = 'verdict verdict--warn'
  for (const [cls, text] of [['verdict__word', title], ['verdict__why', detail]]) {
    const p = document.createElement('p')
    p.className = cls
    p.textContent = text
    box.append(p)
  }
  message.append(box)
}

// What a picture shows and could not be read is no alarm: what was read stands by itself, and now and then what looks
// like a code is print. It goes when something else is read.
const unreadBox = document.getElementById('unread')
let pictured = [] // the readings of the picture that it is of

function tell (unread, answers) {
  if (!unreadBox) return
  pictured = answers.map((a) => a.reading)
  unreadBox.hidden = unread.length === 0
  const list = unreadBox.querySelector('ul')
  list.replaceChildren(...unread.slice(0, 2).map((u) => {
    const li = document.createElement('li')
    const why = document.createElement('strong')
    why.textContent = u.why
    li.append(why, ' ' + u.hint)
    return li
  }))
  if (unread.length > 2) { // a stop below must stay in sight
    const li = document.createElement('li')
    li.textContent = 'And ' + (unread.length - 2) + ' more.'
    list.append(li)
  }
}

// The answer to a form is told although a scan has drawn the form anew in the meantime: htmx sends its events to the form
// that was sent, and from one that has gone they reach nobody.
document.body.addEventListener('htmx:beforeRequest', (e) => {
  const { requestConfig, xhr, elt } = e.detail
  if (requestConfig.verb === 'get') return
  say()
  xhr.addEventListener('loadend', () => {
    const done = xhr.status >= 200 && xhr.status < 300
    if (elt.tagName === 'FORM') sent(elt, done)
    if (done) return
    if (!xhr.status) { say('Not done', 'The node did not answer. Press again when it is back.'); return }
    let problem = {}
    try { problem = JSON.parse(xhr.responseText) } catch { /* not ours */ }
    say('Not done', problem.detail || 'The node could not do this.')
  })
})

// What was sent from a part of the page that is drawn anew is not put back, and no PIN outlasts the request that it went with.
function sent (form, done) {
  const drawn = form.isConnected ? form : document.getElementById(form.querySelector('[id]')?.id)?.form
  if (!drawn) return
  if (done && drawn.closest('[data-part]')) drawn.reset()
  for (const secret of drawn.querySelectorAll('input[type=password]')) secret.value = ''
}

// ---- What was typed or opened stays when its part of the page is drawn anew, unless it was sent ----

const changed = (field) => {
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked
  if (field.tagName === 'SELECT') return [...field.options].some((o) => o.selected !== o.defaultSelected)
  return field.value !== field.defaultValue
}
const kept = new WeakMap() // part of the page -> what puts its state back

onSwap('Before', (e) => {
  const part = e.detail.target
  const back = []
  const again = (id, put) => back.push(() => { const now = document.getElementById(id); if (now && part.contains(now)) put(now) })
  for (const d of part.querySelectorAll('details[open]')) {
    const inside = d.querySelector('[id]')
    if (inside) again(inside.id, (now) => { const box = now.closest('details'); if (box) box.open = true })
  }
  for (const f of part.querySelectorAll('input[id], select[id], textarea[id]')) {
    if (f.type === 'hidden' || f.type === 'file' || !changed(f)) continue
    const { value, checked } = f
    again(f.id, (now) => { now.value = value; if ('checked' in now) now.checked = checked })
  }
  kept.set(part, back)
})
onSwap('After', (e) => {
  for (const put of kept.get(e.detail.target) || []) put()
  kept.delete(e.detail.target)
})
// ---- The form that opens a procedure: it stays while readings come, and starts anew with each procedure ----

const opening = document.getElementById('open-form')

function desk () {
  const now = document.querySelector('[data-desk]')
  if (!opening || !now) return
  opening.elements.patient.value = now.dataset.patient
  const open = now.dataset.open === 'yes'
  if (open && !opening.hidden) {
    opening.reset()
    opening.elements.id.value = newID()
    scrollTo(0, 0)
  }
  opening.hidden = open
}
onSwap('After', desk)

// A field that a scan brings up takes the keyboard, unless somebody is typing elsewhere.
onSwap('After', (e) => {
  const field = e.detail.target.querySelector?.('[data-focus]')
  if (field && document.activeElement === document.body) field.focus()
})

// The answer to a new reading stands at the top, wherever the page was, and is heard.
let answered = document.querySelector('#last [data-reading]')?.dataset.reading
onSwap('After', () => {
  const last = document.querySelector('#last [data-reading]')
  const now = last?.dataset.reading
  if (now && now !== answered) {
    scrollTo(0, 0)
    sound.play(last.dataset.level)
    if (!pictured.includes(now)) tell([], [])
  }
  answered = now
})

// ---- Typed scans and pictures ----

// crypto.randomUUID is there over TLS and on the node's own machine only.
const newID = () => crypto.randomUUID?.() ||
  '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (c) => (c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> c / 4).toString(16))

const form = document.getElementById('scan-form')
if (form) {
  const text = document.getElementById('scan-text')
  const picture = document.getElementById('scan-picture')
  const status = document.getElementById('scan-status')
  const waiting = [] // what the node has not answered yet, each with the id it keeps when it is sent again
  let sending = false

  unsent.any = () => waiting.length > 0
  const show = (words) => { status.textContent = words }

  const send = async () => {
    if (sending) return
    sending = true
    while (waiting.length) {
      const next = waiting[0]
      try {
        const r = await fetch(next.url, { method: 'POST', headers: { 'X-Form-Token': document.body.dataset.formToken || '', ...next.headers }, body: next.body, signal: AbortSignal.timeout(60000) })
        if (r.status === 429 || r.status === 503 || r.status === 507) throw new Error('not now')
        waiting.shift()
        const answer = await r.json().catch(() => ({}))
        if (!r.ok && next.refused && r.status === 422) { // it says so itself
          next.refused(answer.detail)
          show('')
        } else if (!r.ok) {
          say('Not recorded', answer.detail || 'The node refused this.')
          show('')
        } else {
          say()
          const unsure = answer.unsure?.length || 0
          if (unsure) say('Scan again', unsure === 1 ? 'A code in the picture could not be read for certain.' : unsure + ' codes in the picture could not be read for certain.')
          tell(answer.unread || [], answer.answers || [])
          show('Recorded.')
          next.then?.(answer)
        }
      } catch {
        show(waiting.length === 1 ? 'One reading is not recorded yet; it is sent again.' : waiting.length + ' readings are not recorded yet; they are sent again.')
        await new Promise((resolve) => setTimeout(resolve, 1000))
      }
    }
    sending = false
  }

  const read = (words, source, then, more) => {
    waiting.push({ url: '/api/v1/readings', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id: newID(), text: words, source, ...more?.said }), then, refused: more?.refused })
    send()
  }

  form.addEventListener('submit', (e) => {
    e.preventDefault()
    if (!text.value) { show('Type or paste the text of a barcode first.'); return }
    const words = text.value
    text.value = ''
    text.focus()
    read(words, 'typed')
  })

  // A handheld that types like a keyboard, wherever the focus is.
  listenToWedge({
    scan: (words, { caps }) => read(words, 'wedge', (answer) => {
      if (caps) say('Caps Lock is on', 'The handheld\u2019s letters came out in the other case. Turn Caps Lock off and scan again.')
      else if (answer.issues?.some((i) => i.code === 'lost-separator')) {
        say('Separator lost', 'The handheld does not send the separator between the fields, so that lot and serial number may run into one another. Compare them with the label, and have the handheld set up.')
      }
    }),
    stray: (n) => say('Not read', n + ' characters were typed where there is nothing to type into. If that was a scan, set the handheld up to end with Enter, and scan again.')
  })

  // A camera that reads in the page. It sees what nobody meant it to read: what the node cannot take of that is no alarm.
  const cameraButton = document.getElementById('camera-button')
  if (cameraButton) {
    controlCamera({
      button: cameraButton,
      panel: document.getElementById('camera'),
      read: ({ text, format, aim }) => new Promise((resolve) => read(text, 'camera', () => resolve(''), { said: { format, symbology: aim }, refused: resolve }))
    })
  }

  typing({
    form: document.getElementById('typing'),
    token: () => document.body.dataset.formToken || '',
    send: (said, then, refused) => {
      waiting.push({ url: '/api/v1/theatre/typed', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id: newID(), ...said }), then, refused })
      send()
    }
  })

  picture.addEventListener('change', () => {
    const file = picture.files[0]
    if (!file) return
    const body = new FormData()
    body.append('id', newID())
    body.append('picture', file)
    picture.value = ''
    show('Reading the picture.')
    waiting.push({ url: '/api/v1/readings/picture', body })
    send()
  })

  addEventListener('beforeunload', (e) => { if (waiting.length) e.preventDefault() })
}

// ---- Sound ----

const hear = document.getElementById('sound')
if (hear) sound.control(hear)

// ---- Keys: Alt with a letter, so that no key of a handheld does anything ----

const keys = { s: '#scan-text', p: '#scan-picture', c: '#camera-button', d: '#devices', m: '#sound', l: '#look' }
if (live) {
  document.addEventListener('keydown', (e) => {
    const where = e.altKey && e.shiftKey && !e.ctrlKey && keys[/^Key([A-Z])$/.exec(e.code)?.[1].toLowerCase()]
    const found = where && document.querySelector(where)
    if (!found) return
    e.preventDefault()
    if (found.matches('button, input[type=file]')) found.click()
    else (found.querySelector('button, summary, input, a[href]') || found).focus()
  })
}
