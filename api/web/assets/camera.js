// A tablet's camera that reads codes live in the page. What it reads goes to the node as every reading does, and only the
// node says what it means. Nothing is kept of what the camera sees.

// Milliseconds.
const away = 2500 // a code that was not seen for so long, and in so many pictures, has left the view: seen again, it is
const missed = 3 // another reading. On a slow machine there are seconds between two pictures.
const pause = 120 // least time between two pictures
const idle = 180000 // a camera that reads nothing for so long is stopped

// Sightings tells what is new in a stream of pictures. A code counts when two pictures running say the same of it and
// nothing else was read in its place, and counts once for as long as it stays in view.
export class Sightings {
  #before = [] // what the last picture showed
  #inView = new Map() // code -> when it was last seen, and how many pictures running have not shown it

  // picture takes what a picture shows, and gives the codes that are to be sent.
  picture (found, now) {
    for (const [code, last] of this.#inView) {
      if (found.some((f) => codeOf(f) === code)) this.#inView.set(code, { seen: now, without: 0 })
      else if (++last.without >= missed && now - last.seen > away) this.#inView.delete(code)
    }
    const sure = found.filter((f) => f.whole && !f.setup && enoughLines(f))
    const fresh = []
    for (const f of sure) {
      const code = codeOf(f)
      if (this.#inView.has(code)) continue
      if ([...this.#before, ...sure].some((o) => codeOf(o) !== code && !o.lines === !f.lines && overlap(o, f))) continue
      if (!this.#before.some((o) => codeOf(o) === code)) continue
      this.#inView.set(code, { seen: now, without: 0 })
      fresh.push(f)
    }
    this.#before = sure
    return fresh
  }

  // inView is how many codes are in view that were read.
  get inView () { return this.#inView.size }
}

const codeOf = (f) => JSON.stringify([f.format, f.aim, f.text])

// A line through print reads a short linear code now and then. The node asks the same of lines in a photograph.
const enoughLines = (f) => !f.lines || f.lines >= (f.format === 'Code128' ? 2 : 5)

const box = (f) => {
  const xs = f.corners.map((c) => c.x)
  const ys = f.corners.map((c) => c.y)
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}
const overlap = (a, b) => {
  const [p, q] = [box(a), box(b)]
  return p[0] <= q[2] && q[0] <= p[2] && p[1] <= q[3] && q[1] <= p[3]
}

// Why there is no camera, in words for whoever holds the tablet.
const words = {
  insecure: 'This page came without HTTPS, and a browser gives no camera to such a page. Whoever looks after the node turns HTTPS on with: implantrace tls init. Until then take a photograph.',
  none: 'The browser finds no camera on this machine. Use the handheld, or type the code.',
  refused: 'The browser may not use the camera. Allow the camera for this page in the browser\u2019s settings, then press Camera again. Until then take a photograph.',
  busy: 'The camera cannot be started: another program may be using it. Close that program, then press Camera again.',
  blocked: 'This browser does not let the page read codes itself (WebAssembly is blocked or missing). Take a photograph: the node reads it.',
  gone: 'The camera is gone. Press Camera to start it again.',
  hidden: 'The camera was stopped because the page was not in sight. Press Camera to start it again.',
  idle: 'The camera was stopped because it read nothing for 3 minutes. Press Camera to start it again.'
}

const why = (e) => ({ NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'none', OverconstrainedError: 'none', TypeError: 'insecure' }[e?.name] || 'busy')

const shakes = { pass: [60], note: [60], warn: [120, 80, 120], 'not-checked': [120, 80, 120], stop: [400, 120, 400], lost: [400, 120, 400] }

// control makes the button start and stop the camera in the panel. read sends a reading: it is given text, format and
// identifier, and resolves to whether the node took it, and if not to its words.
export function control ({ button, panel, read }) {
  const find = (name) => panel.querySelector('[data-camera="' + name + '"]')
  const [video, view, status, trouble, torch, choice, choose, stop] = ['video', 'view', 'status', 'trouble', 'torch', 'choice', 'choose', 'stop'].map(find)
  let turn = 0 // a camera that was stopped while it started is let go of
  let stream = null
  let worker = null
  let sightings
  let last // when something was read

  const say = (text) => { if (status.textContent !== text) status.textContent = text }

  const end = (reason) => {
    turn++
    stream?.getTracks().forEach((t) => t.stop())
    worker?.terminate()
    stream = worker = null
    video.srcObject = null
    view.hidden = torch.hidden = choice.hidden = true
    panel.dataset.state = reason ? 'trouble' : 'off'
    panel.hidden = !reason
    button.setAttribute('aria-expanded', String(Boolean(reason)))
    trouble.textContent = reason ? words[reason] : ''
    say('')
  }

  const take = async (f) => {
    last = performance.now()
    say('Read. Recording it.')
    const refused = await read(f)
    say(refused ? 'Not recorded: ' + refused : 'Recorded, once. To read another with the same code, take this one away first.')
  }

  // look sends the worker one picture after the other: what lies in the frame, and nothing beside it.
  const look = (mine) => {
    const canvas = document.createElement('canvas')
    const pen = canvas.getContext('2d', { willReadFrequently: true })
    let sent = 0
    const next = () => {
      if (turn !== mine) return
      if (performance.now() - last > idle) { end('idle'); return }
      const [w, h] = [video.videoWidth, video.videoHeight]
      if (!w || !h || video.readyState < 2) { setTimeout(next, pause); return }
      const [cw, ch] = [Math.round(w * 0.8), Math.round(h * 0.8)] // the frame that is drawn over the view
      canvas.width = cw
      canvas.height = ch
      pen.drawImage(video, (w - cw) / 2, (h - ch) / 2, cw, ch, 0, 0, cw, ch)
      const { data } = pen.getImageData(0, 0, cw, ch)
      sent = performance.now()
      worker.postMessage({ width: cw, height: ch, pixels: data.buffer }, [data.buffer])
    }
    worker.onmessage = ({ data }) => {
      if (turn !== mine) return
      if (data.broken) { end('blocked'); return }
      if (data.ready) { say('Hold the code inside the frame.'); next(); return }
      for (const f of sightings.picture(data.found, performance.now())) take(f)
      if (!sightings.inView && data.found.length === 0 && status.textContent.startsWith('Recorded')) say('Hold the next code inside the frame.')
      panel.dataset.pictures = String(Number(panel.dataset.pictures || 0) + 1)
      setTimeout(next, Math.max(0, pause - (performance.now() - sent)))
    }
    worker.onerror = () => { if (turn === mine) end('blocked') }
  }

  const offer = async (track) => {
    const can = track.getCapabilities?.() || {}
    if (can.focusMode?.includes('continuous')) track.applyConstraints({ advanced: [{ focusMode: 'continuous' }] }).catch(() => {})
    torch.hidden = !can.torch
    torch.setAttribute('aria-pressed', 'false')
    // A browser that does not say which cameras there are has one that works.
    const cameras = (await navigator.mediaDevices.enumerateDevices().catch(() => [])).filter((d) => d.kind === 'videoinput')
    choice.hidden = cameras.length < 2
    choose.replaceChildren(...cameras.map((d, i) => new Option(d.label || 'Camera ' + (i + 1), d.deviceId, false, d.deviceId === track.getSettings().deviceId)))
  }

  const start = async (device) => {
    end()
    const mine = turn
    panel.hidden = false
    panel.dataset.state = 'starting'
    button.setAttribute('aria-expanded', 'true')
    scrollTo(0, 0) // beside the answers
    stop.focus({ preventScroll: true })
    if (!isSecureContext || !navigator.mediaDevices?.getUserMedia) { end('insecure'); return }
    if (!window.Worker) { end('blocked'); return }
    say('Starting the camera.')
    try {
      const which = device ? { deviceId: { exact: device } } : { facingMode: 'environment' }
      const got = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, width: { ideal: 1920 }, height: { ideal: 1080 } } })
      if (turn !== mine) { got.getTracks().forEach((t) => t.stop()); return }
      stream = got
      const [track] = got.getVideoTracks()
      track.addEventListener('ended', () => { if (turn === mine) end('gone') })
      video.srcObject = got
      view.hidden = false
      await video.play()
      await offer(track)
    } catch (e) {
      if (turn === mine) end(why(e))
      return
    }
    if (turn !== mine) return
    panel.dataset.state = 'on'
    sightings = new Sightings()
    last = performance.now()
    try { worker = new Worker('/assets/camera_worker.js', { type: 'module' }) } catch { end('blocked'); return }
    look(mine)
  }

  const toggle = () => { if (panel.hidden || panel.dataset.state === 'trouble') start(); else end() }
  button.addEventListener('click', toggle)
  stop.addEventListener('click', () => { end(); button.focus() })
  panel.addEventListener('keydown', (e) => { if (e.key === 'Escape') { end(); button.focus() } })
  choose.addEventListener('change', () => start(choose.value))
  torch.addEventListener('click', async () => {
    const on = torch.getAttribute('aria-pressed') !== 'true'
    try {
      await stream?.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] })
      torch.setAttribute('aria-pressed', String(on))
    } catch { say('The light cannot be switched.') }
  })
  document.addEventListener('visibilitychange', () => { if (document.hidden && stream) end('hidden') })
  addEventListener('pagehide', () => end())
  document.body.addEventListener('sound', (e) => { if (stream) navigator.vibrate?.(shakes[e.detail.level] || shakes['not-checked']) })
  button.hidden = false
}
