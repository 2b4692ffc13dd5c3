// Completes a bill of materials (CycloneDX) with the licence of each part, and with what comes from npm; and writes all
// licences with their texts into one file.
//
//     node .ci/sbom.mjs FOUND SBOM LICENCES
//
// A part whose licence is not one of those below fails: a person has to read it first.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [found, sbomFile, licencesFile] = process.argv.slice(2);
const go = process.env.GO || "go";
const bom = JSON.parse(readFileSync(found, "utf8"));

// kinds are the licences that allow what is done here: to use, and to pass on with their text.
const kinds = [
  ["Apache-2.0", [/Apache License,?\s+Version 2\.0/]],
  ["MIT", [/Permission is hereby granted, free of charge/]],
  ["BSD-3-Clause", [/Redistributions? in binary form must reproduce/, /Neither the names? of|The names? of .{0,80} may not be used to endorse/s]],
  ["BSD-2-Clause", [/Redistributions? in binary form must reproduce/]],
  ["0BSD", [/Zero-Clause BSD|Permission to use, copy, modify, and\/or distribute this software/]],
];

function kindsOf(text) {
  const all = kinds.filter(([, says]) => says.every((s) => s.test(text))).map(([id]) => id);
  return all.includes("BSD-3-Clause") ? all.filter((id) => id !== "BSD-2-Clause") : all;
}

function texts(folder) {
  return readdirSync(folder)
    .filter((name) => /^(licen[sc]e|copying|notice|patents)([.-].*)?$/i.test(name))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), "utf8").replace(/\r\n/g, "\n").trimEnd()]);
}

const modules = new Map(
  execFileSync(go, ["list", "-m", "-f", "{{.Path}}@{{.Version}}\t{{.Dir}}", "all"], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t")),
);
const goroot = execFileSync(go, ["env", "GOROOT"], { encoding: "utf8" }).trim();

const parts = []; // name, version, folder or files
for (const c of bom.components) {
  const folder = c.name === "std" ? goroot : modules.get(`${c.name}@${c.version}`);
  if (!folder) throw new Error(`${c.name} ${c.version} is in the program and not among its modules`);
  parts.push({ component: c, files: texts(folder) });
}

// npm adds what is embedded of a package: the files and their hashes stand in VERSIONS.json.
function npm(vendor, licencesOf, more) {
  const embedded = JSON.parse(readFileSync(join(vendor, "VERSIONS.json"), "utf8")).files;
  for (const name of [...new Set(embedded.map((f) => f.name))].sort()) {
    const files = embedded.filter((f) => f.name === name);
    const component = {
      "bom-ref": `pkg:npm/${name}@${files[0].version}`,
      type: "library",
      name,
      version: files[0].version,
      scope: "required",
      purl: `pkg:npm/${name}@${files[0].version}`,
      properties: files.map((f) => ({ name: `implantrace:file:${f.file}:sha256`, value: f.sha256 })),
    };
    bom.components.push(component);
    parts.push({ component, files: texts(licencesOf(name)) });
    more?.(component);
  }
}
const web = "api/web/assets/vendor", zxing = "scanner/internal/zxing/assets/vendor";
npm(web, (name) => join(web, name));
npm(zxing, () => zxing, () => {
  // What the WebAssembly was compiled from. Its licence is Apache 2.0, whose text stands with wazero, too.
  const at = modules.get([...modules.keys()].find((m) => m.startsWith("github.com/tetratelabs/wazero@")));
  const commit = readFileSync("scanner/internal/zxing/asset.go", "utf8").match(/cppCommit\s*=\s*"([0-9a-f]{40})"/)[1];
  const purl = `pkg:github/zxing-cpp/zxing-cpp@${commit}`;
  const component = { "bom-ref": purl, type: "library", name: "zxing-cpp", version: commit.slice(0, 12), scope: "required", purl };
  bom.components.push(component);
  parts.push({ component, files: texts(at).filter(([name]) => /^licen/i.test(name)) });
});

// The facts of GS1's dictionary, which NOTICE speaks of.
const facts = { "bom-ref": "pkg:github/gs1/gs1-syntax-dictionary", type: "data", name: "GS1 Barcode Syntax Dictionary", purl: "pkg:github/gs1/gs1-syntax-dictionary" };
facts.version = readFileSync("NOTICE", "utf8").match(/release\s+(\d{4}-\d{2}-\d{2})/)[1];
bom.components.push(facts);
parts.push({ component: facts, files: [["NOTICE", readFileSync("NOTICE", "utf8").trimEnd()]] });

const unknown = [];
const byText = new Map(); // a text that several parts share stands once
for (const { component, files } of parts) {
  const ids = [...new Set(files.filter(([name]) => !/^patents/i.test(name)).flatMap(([, text]) => kindsOf(text)))];
  if (component === facts) ids.splice(0, ids.length, "Apache-2.0");
  if (ids.length === 0) unknown.push(`${component.name} ${component.version}`);
  delete component.evidence;
  component.licenses = ids.length === 1 ? [{ license: { id: ids[0] } }] : [{ expression: ids.join(" AND ") }];
  for (const [, text] of files) {
    const key = createHash("sha256").update(text).digest("hex");
    if (!byText.has(key)) byText.set(key, { text, of: [] });
    byText.get(key).of.push(`${component.name} ${component.version}`);
  }
}
if (unknown.length > 0) {
  console.error(`no licence that is known here: ${unknown.join(", ")}`);
  process.exit(1);
}

// The same program gives the same bill.
if (process.env.SOURCE_DATE_EPOCH) bom.metadata.timestamp = new Date(1000 * process.env.SOURCE_DATE_EPOCH).toISOString();
writeFileSync(sbomFile, JSON.stringify(bom, null, 2) + "\n");

const line = "-".repeat(78);
const table = parts.map(({ component: c }) => `  ${`${c.name} ${c.version}`.padEnd(62)} ${c.licenses.map((l) => l.license?.id ?? l.expression).join(", ")}`);
const bodies = [...byText.values()].map(({ text, of }) => `${line}\n${[...new Set(of)].join("\n")}\n${line}\n\n${text}\n`);
if (licencesFile) {
  writeFileSync(licencesFile, `implantrace is made with the work of others. What is in the program, and its licence:\n\n${table.join("\n")}\n\n${bodies.join("\n")}`);
}
console.log(`${parts.length} parts: ${sbomFile}${licencesFile ? `, ${licencesFile}` : ""}`);
