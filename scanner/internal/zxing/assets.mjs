// Copies the WebAssembly file that is embedded, and the licence of its package, from node_modules to assets/vendor.
// A file other than the one that asset.go pins is refused.
//
//     npm ci && node assets.mjs

import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const name = 'zxing-wasm'
const root = join(here, 'node_modules', name)
const vendor = join(here, 'assets', 'vendor')

const wanted = JSON.parse(await readFile(join(here, 'package.json'), 'utf8')).dependencies[name]
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
if (version !== wanted) {
  throw new Error(`${name} ${version} is installed but package.json names ${wanted}: run npm ci`)
}

const pinned = (await readFile(join(here, 'asset.go'), 'utf8')).match(/pinned\s*=\s*"([0-9a-f]{64})"/)[1]
const wasm = await readFile(join(root, 'dist', 'reader', 'zxing_reader.wasm'))
const sha256 = createHash('sha256').update(wasm).digest('hex')
if (sha256 !== pinned) {
  throw new Error(`zxing_reader.wasm of ${name} ${version} has SHA-256 ${sha256} but asset.go pins ${pinned}`)
}

await rm(vendor, { recursive: true, force: true })
await mkdir(vendor, { recursive: true })
await writeFile(join(vendor, 'zxing_reader.wasm'), wasm)
await writeFile(join(vendor, 'LICENSE.zxing-wasm.txt'), await readFile(join(root, 'LICENSE')))

const files = [{ file: 'zxing_reader.wasm', name, version, sha256 }]
await writeFile(join(vendor, 'VERSIONS.json'), JSON.stringify({ files }, null, 2) + '\n') // last: make compares its date
