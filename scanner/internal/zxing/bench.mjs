// Times zxing-wasm in Node on gray pictures, to compare with this package: the same file, the same pixels, the same
// options. It needs what npm ci installs.
//
//     node bench.mjs ROUNDS PICTURE.pgm...
//
// It prints a line of JSON: the milliseconds of the quickest round for each picture, and how many symbols were read.

import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultReaderOptions, encodeFormats, getZXingModule } from 'zxing-wasm/reader'

const here = dirname(fileURLToPath(import.meta.url))
const wasm = await readFile(join(here, 'assets', 'vendor', 'zxing_reader.wasm'))
const zxing = await getZXingModule({ wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length) })
const options = {
  ...defaultReaderOptions,
  formats: encodeFormats(defaultReaderOptions.formats),
  binarizer: 0,
  eanAddOnSymbol: 0,
  textMode: 0,
  characterSet: 0
}

const [rounds, ...files] = process.argv.slice(2)
const ms = []
let symbols = 0
for (const file of files) {
  const data = await readFile(file)
  const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(data.subarray(0, 64).toString('latin1'))
  const [width, height] = [Number(header[1]), Number(header[2])]
  const pixels = data.subarray(header[0].length)
  let least = Infinity
  let found = 0
  for (let round = 0; round < Number(rounds); round++) {
    const start = performance.now()
    const place = zxing._malloc(width * height)
    zxing.HEAPU8.set(pixels, place)
    const results = zxing.readBarcodesFromPixmap(place, width, height, options)
    zxing._free(place)
    found = results.size()
    for (let i = 0; i < found; i++) results.get(i)
    results.delete()
    least = Math.min(least, performance.now() - start)
  }
  ms.push(least)
  symbols += found
}
console.log(JSON.stringify({ ms, symbols }))
