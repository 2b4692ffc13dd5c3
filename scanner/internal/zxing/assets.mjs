// Copies what is embedded of the package, and its licence, from node_modules to assets/vendor: the WebAssembly file, and
// the JavaScript with which a page runs that same file. A WebAssembly file other than the one that asset.go pins is
// refused, and so is JavaScript that wants another or names another host.
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

const hash = (data) => createHash('sha256').update(data).digest('hex')
const pinned = (await readFile(join(here, 'asset.go'), 'utf8')).match(/pinned\s*=\s*"([0-9a-f]{64})"/)[1]
const wasm = await readFile(join(root, 'dist', 'reader', 'zxing_reader.wasm'))
if (hash(wasm) !== pinned) {
  throw new Error(`zxing_reader.wasm of ${name} ${version} has SHA-256 ${hash(wasm)} but asset.go pins ${pinned}`)
}

const reader = await readFile(join(root, 'dist', 'es', 'reader', 'index.js'), 'utf8')
if (!reader.includes(`"${pinned}"`)) {
  throw new Error(`reader/index.js of ${name} ${version} is not for the WebAssembly file that asset.go pins`)
}
// Left to itself it loads the WebAssembly file from another host. That is taken out: whoever uses it has to say where
// the file is, and nothing happens when they do not.
const elsewhere = /`https:\/\/fastly\.jsdelivr\.net\/npm\/zxing-wasm@[^`]*`/g
const share = (await readFile(join(root, 'dist', 'es', 'share.js'), 'utf8')).replace(elsewhere, 't + e')

const files = { 'zxing_reader.wasm': wasm, 'reader/index.js': reader, 'share.js': share }
for (const [file, text] of Object.entries(files).filter(([file]) => file.endsWith('.js'))) {
  const named = text.match(/(https?|wss?):\/\/[^\s"'`)<]*/g)
  if (named) throw new Error(`${file} names another host: ${named.join(' ')}`)
}

await rm(vendor, { recursive: true, force: true })
await mkdir(join(vendor, 'reader'), { recursive: true })
for (const [file, data] of Object.entries(files)) await writeFile(join(vendor, file), data)
await writeFile(join(vendor, 'LICENSE.zxing-wasm.txt'), await readFile(join(root, 'LICENSE')))

const listed = Object.entries(files).map(([file, data]) => ({ file, name, version, sha256: hash(data) }))
await writeFile(join(vendor, 'VERSIONS.json'), JSON.stringify({ files: listed }, null, 2) + '\n') // last: make compares its date
