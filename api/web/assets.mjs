// Copies the third-party files that the pages load from node_modules to assets/vendor, and those that only the
// browser tests load to testdata/vendor. Nothing is bundled or compiled. A stylesheet may load only from the node
// that served it: what names another host is taken out, and if anything is left the script fails.
//
//     npm ci && node assets.mjs

import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const served = join(here, 'assets', 'vendor')
const tested = join(here, 'testdata', 'vendor')

// The package of NHS.UK frontend names its licence but carries no text of it. This is the notice of its repository.
const nhsukLicence = `MIT License

Copyright (c) 2019 NHS.UK

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`

const manifest = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'))
await rm(served, { recursive: true, force: true })
await rm(tested, { recursive: true, force: true })

await vendor(served, 'nhsuk-frontend', async (pkg) => {
  const dist = 'dist/nhsuk'
  const sheet = ownHostOnly(withoutSourceMap(await pkg.text(`${dist}/nhsuk-frontend.min.css`)), 'nhsuk-frontend.min.css')
  const { css, images } = relativeImages(sheet)
  await pkg.write('nhsuk-frontend.min.css', css)
  await pkg.write('nhsuk-frontend.min.js', quietScript(withoutSourceMap(await pkg.text(`${dist}/nhsuk-frontend.min.js`)), 'nhsuk-frontend.min.js'))
  for (const image of images) {
    await pkg.write(`images/${image}`, quietScript(await pkg.text(`${dist}/assets/images/${image}`), image))
  }
  await pkg.write('LICENSE.txt', nhsukLicence)
})

await vendor(served, 'htmx.org', async (pkg) => {
  await pkg.write('htmx.min.js', quietScript(withoutSourceMap(await pkg.text('dist/htmx.min.js')), 'htmx.min.js'))
  await pkg.write('LICENSE.txt', await pkg.text('LICENSE'))
})

await vendor(tested, 'axe-core', async (pkg) => {
  await pkg.write('axe.min.js', await pkg.text('axe.min.js'))
  await pkg.write('LICENSE.txt', await pkg.text('LICENSE'))
})

await inventory(tested)
await inventory(served) // last: make compares its date to know whether the rest is up to date

// vendor gives copy the files of one package and puts what it writes in a folder named for the package.
// An installed version that package.json does not name exactly is refused.
async function vendor (target, name, copy) {
  const root = join(here, 'node_modules', name)
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies }[name]
  if (version !== wanted) {
    throw new Error(`${name} ${version} is installed but package.json names ${wanted}: run npm ci`)
  }
  await copy({
    text: (path) => readFile(join(root, path), 'utf8'),
    write: async (path, text) => {
      const file = join(target, name, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  })
}

// withoutSourceMap takes out the comment that makes developer tools ask for a source map, which is not served.
function withoutSourceMap (text) {
  return text.replace(/\/\*# sourceMappingURL=[^*]*\*\/|\/\/# sourceMappingURL=\S*/g, '').trimEnd() + '\n'
}

// ownHostOnly takes out each font face and each declaration that loads from another host, then makes sure that
// nothing is left which the pages' content security policy (default-src 'self') would refuse: another host, a data:
// address, or a stylesheet that was not looked at.
function ownHostOnly (css, name) {
  const host = /(?:url|src|image-set|image)\(\s*["']?\s*(?:https?:)?\/\//i
  const own = css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/@font-face\s*\{[^}]*\}/gi, (rule) => host.test(rule) ? '' : rule)
    .replace(/@import\s+(?:url\(\s*)?["']?\s*(?:https?:)?\/\/[^;]*;/gi, '')
    .replace(/([;{])\s*[\w-]+\s*:[^;{}]*/g, (declaration, before) => host.test(declaration) ? before : declaration)
  const left = own.match(/(?:url|src|image-set|image)\(\s*["']?\s*(?:[a-z][a-z0-9+.-]*:|\/\/)/i) ??
    own.match(/@import/i) ?? own.match(/["'(]\s*(?:https?:)?\/\/[^"')]*/i)
  if (left) {
    throw new Error(`${name} still loads from another place: ${own.slice(left.index, left.index + 120)}`)
  }
  return own
}

// relativeImages turns the stylesheet's absolute image addresses into addresses beside it, so that the vendor folder
// can be served from anywhere, and lists the images.
function relativeImages (css) {
  const images = new Set()
  const moved = css.replace(/url\(\s*["']?\/assets\/images\/([\w.-]+)["']?\s*\)/g, (_, image) => {
    images.add(image)
    return `url(images/${image})`
  })
  const absolute = moved.match(/url\(\s*["']?\/[^)]*\)/)
  if (absolute) {
    throw new Error(`nhsuk-frontend.min.css names ${absolute[0]}, which is not copied`)
  }
  return { css: moved, images: [...images].sort() }
}

// quietScript refuses a script or a picture that names another host. The names of XML namespaces are not loaded.
function quietScript (text, name) {
  const named = (text.match(/https?:\/\/[^\s"'`)<]*/g) ?? []).filter((address) => !/^http:\/\/www\.w3\.org\//.test(address))
  if (named.length > 0) {
    throw new Error(`${name} names another host: ${named.join(' ')}`)
  }
  return text
}

// inventory writes VERSIONS.json: the package, version and SHA-256 of each file in a vendor folder.
async function inventory (folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = []
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    const file = relative(folder, path).split(/[\\/]/).join(posix.sep)
    const name = file.split(posix.sep)[0]
    const version = { ...manifest.dependencies, ...manifest.devDependencies }[name]
    files.push({ file, name, version, sha256: createHash('sha256').update(await readFile(path)).digest('hex') })
  }
  files.sort((a, b) => a.file < b.file ? -1 : 1)
  await writeFile(join(folder, 'VERSIONS.json'), JSON.stringify({ files }, null, 2) + '\n')
}
