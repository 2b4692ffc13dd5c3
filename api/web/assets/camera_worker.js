// Reads codes in the pictures of a camera, away from the page, with zxing-cpp's WebAssembly: the very file that the node
// reads photographs with. Only here may WebAssembly be compiled: the node says so of this file alone.
//
// It says {ready} or {broken}, and for each picture {found}. A message to it is a picture: {width, height, pixels}.

const base = '/assets/zxing/'
const options = {
  // All that a picture is read for; the node judges which of it proves itself.
  formats: ['DataMatrix', 'QRCode', 'MicroQRCode', 'RMQRCode', 'Aztec', 'AllLinear', 'PDF417'],
  tryHarder: true,
  tryRotate: true,
  tryInvert: true,
  tryDownscale: true,
  maxNumberOfSymbols: 16,
  minLineCount: 2,
  textMode: 'Plain', // FNC1 is 0x1D
  returnErrors: false
}

async function start () {
  if (!globalThis.WebAssembly) throw new Error('no WebAssembly')
  const { prepareZXingModule, readBarcodes, ZXING_WASM_SHA256 } = await import(base + 'reader/index.js')
  const sum = btoa(String.fromCharCode(...ZXING_WASM_SHA256.match(/../g).map((b) => parseInt(b, 16))))
  const file = await fetch(base + 'zxing_reader.wasm', { integrity: 'sha256-' + sum })
  if (!file.ok) throw new Error('status ' + file.status)
  const code = await WebAssembly.compile(await file.arrayBuffer())
  await prepareZXingModule({
    overrides: { instantiateWasm: (imports, done) => { WebAssembly.instantiate(code, imports).then((instance) => done(instance, code)) } },
    fireImmediately: true
  })
  return readBarcodes
}

const starting = start()
starting.then(() => postMessage({ ready: true }), (e) => postMessage({ broken: String(e?.message || e) }))

onmessage = async ({ data: { width, height, pixels } }) => {
  try {
    const read = await starting
    const results = await read({ data: new Uint8ClampedArray(pixels), width, height }, options)
    postMessage({
      found: results.filter((r) => r.isValid && !r.error && r.text).map((r) => ({
        format: r.format,
        aim: r.symbologyIdentifier,
        text: r.text,
        lines: r.lineCount, // 0 of a matrix symbol
        whole: r.sequenceSize < 1 && r.contentType !== 'UnknownECI', // else the text is not all of its message
        setup: r.readerInit,
        corners: [r.position.topLeft, r.position.topRight, r.position.bottomRight, r.position.bottomLeft]
      }))
    })
  } catch (e) {
    postMessage({ broken: String(e?.message || e) })
  }
}
