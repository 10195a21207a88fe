// Checks that need no node, on the shadow server: it serves what was restored, and nothing in it refers to what is not there.
import type { ObjectRecord } from '../../api/backup/record-line.ts'
import { digestOf } from '../../backup/compare-objects.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { servedPaths } from './served-paths.ts'

export interface ShadowCheck {
  readonly name: string
  readonly problem: string | undefined
}

/** Read through the API, of each resource. */
const samplesOfResource = 3

export async function checkShadow(transport: Transport, objects: Iterable<ObjectRecord>, signal: AbortSignal): Promise<ShadowCheck[]> {
  const samples = new Map<string, ObjectRecord[]>()
  const namespaces = new Set<string>()
  const used = new Set<string>()
  for (const record of objects) {
    const { resource, namespace, name } = record
    const list = samples.get(resource) ?? []
    if (list.length < samplesOfResource) samples.set(resource, [...list, record])
    if (resource === 'namespaces') namespaces.add(name)
    if (namespace !== '') used.add(namespace)
  }
  const orphans = [...used].filter(namespace => !namespaces.has(namespace))
  const served = await servedPaths(transport, signal)
  const problems: string[] = []
  let read = 0
  for (const [resource, records] of samples) {
    const path = served.get(resource)
    // A view that is stored by no client, or a custom resource whose definition is not established yet.
    if (path === undefined) continue
    for (const record of records) {
      const problem = await problemOf(transport, path(record).object, record, signal)
      read++
      if (problem !== undefined) problems.push(problem)
    }
  }
  return [
    { name: `${read} objects of ${samples.size} resources read through the API`, problem: problems[0] },
    { name: 'each namespace of an object exists', problem: orphans.length === 0 ? undefined : `namespace "${orphans[0]}" is missing` },
  ]
}

async function problemOf(transport: Transport, path: string, { sha256, resource, name }: ObjectRecord, signal: AbortSignal) {
  const { status, body } = await transport.request({ method: 'GET', path }, signal)
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(piece)
  if (status !== 200) return `GET of ${resource} "${name}" is answered ${status}`
  return digestOf(Buffer.concat(pieces)) === sha256 ? undefined : `GET of ${resource} "${name}" answers with another object`
}
