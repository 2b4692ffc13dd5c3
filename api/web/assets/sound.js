// A sound for each verdict, made here and told apart without looking: pass rises, note is one tone, warn is two, what
// could not be checked falls, stop is three low ones. A browser makes none before somebody has touched the page.

const tunes = { // [hertz, seconds from the start, seconds, wave]
  pass: [[880, 0, 0.09, 'sine'], [1320, 0.1, 0.14, 'sine']],
  note: [[740, 0, 0.16, 'sine']],
  warn: [[520, 0, 0.16, 'triangle'], [520, 0.24, 0.16, 'triangle']],
  'not-checked': [[520, 0, 0.18, 'triangle'], [350, 0.2, 0.28, 'triangle']],
  stop: [[196, 0, 0.22, 'square'], [196, 0.3, 0.22, 'square'], [196, 0.6, 0.34, 'square']],
  lost: [[350, 0, 0.3, 'sawtooth'], [233, 0.32, 0.45, 'sawtooth']]
}

let context
let muted = false
let show = () => {}

// state is on, muted, waiting (for a touch) or none.
export function state () {
  if (muted) return 'muted'
  if (!('AudioContext' in window)) return 'none'
  return context?.state === 'running' ? 'on' : 'waiting'
}

export function play (level) {
  const tune = tunes[level] || tunes['not-checked']
  document.body.dispatchEvent(new CustomEvent('sound', { detail: { level, state: state() } }))
  if (state() !== 'on') return
  for (const [hertz, from, lasts, wave] of tune) {
    const tone = context.createOscillator()
    const loud = context.createGain()
    const at = context.currentTime + from
    tone.type = wave
    tone.frequency.value = hertz
    loud.gain.setValueAtTime(0, at)
    loud.gain.linearRampToValueAtTime(wave === 'square' || wave === 'sawtooth' ? 0.25 : 0.5, at + 0.01)
    loud.gain.setValueAtTime(wave === 'square' || wave === 'sawtooth' ? 0.25 : 0.5, at + lasts - 0.03)
    loud.gain.linearRampToValueAtTime(0, at + lasts)
    tone.connect(loud).connect(context.destination)
    tone.start(at)
    tone.stop(at + lasts)
  }
}

async function wake () {
  if (state() !== 'waiting') return
  try {
    if (!context) {
      context = new AudioContext()
      context.addEventListener('statechange', () => show())
    }
    await context.resume()
  } catch { /* the button says that there is none */ }
  show()
}

// control makes a button that says how it stands with the sound, and changes it.
export function control (button) {
  const words = { on: 'Sound is on', muted: 'Sound is off', waiting: 'Turn sound on', none: 'No sound here' }
  show = () => {
    const now = state()
    button.querySelector('[data-words]').textContent = words[now]
    button.dataset.sound = now
    button.setAttribute('aria-pressed', String(now === 'on'))
    button.disabled = now === 'none'
    button.hidden = false
  }
  button.addEventListener('click', () => {
    if (state() === 'on') { muted = true; show(); return }
    muted = false
    show()
    wake().then(() => play('note'))
  })
  for (const touch of ['pointerup', 'keydown']) addEventListener(touch, (e) => { if (!button.contains(e.target)) wake() }, { capture: true })
  show()
}
