// Go's encoding of every kind with all its fields, from Debian's package of the Kubernetes API, decoded and encoded here.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { decodeValue } from '../../api/schema/decode.ts'
import { builtinKinds, schemaFor } from '../../api/schema/model.ts'
import { parseJson } from '../../base/json.ts'
import { joined } from '../http/body-parts.ts'
import { decodeProtobuf } from './decode.ts'
import { envelope, messageField, protobufKind } from './envelope.ts'
import { type FieldRow, messages } from './message-plan.ts'
import { readerOf, Tally } from './wire.ts'

const unbounded = new Tally(Number.POSITIVE_INFINITY)

const folder = '/usr/share/gocode/src/k8s.io/api/testdata/HEAD'
const skip = existsSync(folder) ? false : `not installed: ${folder} (Debian package golang-k8s-api-dev)`

/** Kinds that Debian's sources of v1.32 do not have, or have no example of. Lists are no examples either, and options are of the meta package. */
const withoutExample = (group: string, kind: string): boolean =>
  /List$|Options$/.test(kind) ||
  ['apiextensions.k8s.io', 'apiregistration.k8s.io', 'metrics.k8s.io', 'bulkhead.dev', 'supply.bulkhead.dev'].includes(group)
const newerKinds = ['IPAddress', 'ServiceCIDR']
/** Fixtures that exist only for other groups or versions. */
const strayKinds = ['PodStatusResult', 'SerializedReference', 'RangeAllocation']

interface Example {
  readonly apiVersion: string
  readonly kind: string
  readonly json: string
  readonly bytes: Buffer
}

function examples(): Example[] {
  return readdirSync(folder).flatMap(name => {
    const match = /^(.+)\.(v[^.]+)\.(\w+)\.pb$/.exec(name)
    if (match === null) return []
    const [, group = '', version = '', kind = ''] = match
    if (schemaFor(group === 'core' ? '' : group, version, kind) === undefined) return []
    const apiVersion = group === 'core' ? version : `${group}/${version}`
    const text = readFileSync(join(folder, name.replace(/\.pb$/, '.json')), 'utf8')
    return [{ apiVersion, kind, json: JSON.stringify(parseJson(text)), bytes: readFileSync(join(folder, name)) }]
  })
}

/** A message with its fields by number, and nested messages: both encodings are equal except for the order. */
function ordered(message: string, bytes: Buffer): unknown[] {
  const rows = new Map((messages.get(message) ?? []).map(row => [row[0], row]))
  const fields: [number, unknown][] = []
  readerOf(bytes, unbounded).fields((number, field) => {
    const row = rows.get(number)
    fields.push([number, row === undefined ? JSON.stringify(field) : contentOf(row, field)])
  })
  return fields.sort(([a], [b]) => a - b)
}

function contentOf([, , type, shape]: FieldRow, field: { bytes(): Buffer; integer(): bigint; double(): number }): unknown {
  if (shape === 'm') return entryOf(type, field.bytes())
  if (type === 'bool' || /^u?int\d/.test(type)) return String(field.integer())
  if (type === 'double') return field.double()
  return messages.has(type) ? ordered(type, field.bytes()) : field.bytes().toString('base64')
}

function entryOf(type: string, bytes: Buffer): unknown[] {
  const parts: [number, unknown][] = []
  readerOf(bytes, unbounded).fields((number, field) => parts.push([number, contentOf([number, '', number === 1 ? 'string' : type], field)]))
  return parts
}

function messageIn(bytes: Buffer): Buffer {
  let found = Buffer.alloc(0)
  readerOf(bytes.subarray(4), unbounded).fields((number, field) => {
    if (number === 2) found = Buffer.from(field.bytes())
  })
  return found
}

describe('Go and this server', { skip }, () => {
  const all = skip === false ? examples() : []

  test('there is an example of every kind in the package of Debian', () => {
    const found = new Set(all.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))
    const missing = builtinKinds()
      .filter(({ group, kind }) => !withoutExample(group, kind) && !newerKinds.includes(kind) && !strayKinds.includes(kind))
      .map(({ group, version, kind }) => `${group === '' ? version : `${group}/${version}`} ${kind}`)
      .filter(name => !found.has(name))
    assert.deepEqual(missing, [])
  })

  for (const { apiVersion, kind, json, bytes } of all) {
    test(`${apiVersion} ${kind} is decoded from Go's encoding, and encoded like in Go`, () => {
      const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
      const read = decodeProtobuf(bytes, { group: group ?? '', version: version ?? '', kind })
      assert.deepEqual(parseJson(JSON.stringify(read)), parseJson(json))
      const known = protobufKind(apiVersion, kind)
      assert.ok(known !== undefined)
      // In the order of Go's fields, as the server keeps objects.
      const type = schemaFor(group ?? '', version ?? '', kind)
      assert.ok(type !== undefined)
      const object = decodeValue(parseJson(json), type, 'Strict')
      assert.ok(object.ok)
      const written = joined(envelope(known, messageField(known, Buffer.from(JSON.stringify(object.object)))))
      assert.deepEqual(ordered(known.message, messageIn(written)), ordered(known.message, messageIn(bytes)))
      assert.equal(written.length, bytes.length)
    })
  }
})
