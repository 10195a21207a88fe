// Canaries: random texts that are written through the API, and what they look like in a file that stores them without encryption.
import { randomBytes } from 'node:crypto'
import { parseJson } from '../../../base/json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { AttemptLog } from '../../attempt-log.ts'
import { inParallel } from '../../in-parallel.ts'
import { mergePatch, request } from '../../request.ts'
import type { StoredKinds } from './stored-kinds.ts'

/** All canaries of one run begin alike, so that one search finds all. */
export class Canaries {
  readonly #beginning = `canary${randomBytes(16).toString('hex')}`
  #made = 0

  next(): string {
    return `${this.#beginning}-${this.#made++}`
  }

  /** What a search looks for, by its name. Base64 has three forms, by the place of the text in what is encoded. */
  needles(): Map<string, Buffer> {
    const text = this.#beginning
    const base64 = [0, 1, 2].map(before => {
      const encoded = Buffer.from(' '.repeat(before) + text).toString('base64')
      return [`canary in base64 (${before})`, encoded.slice(before === 0 ? 0 : before + 1, -4)] as const
    })
    const forms = [['canary', text] as const, ...base64, ['canary in hexadecimal', Buffer.from(text).toString('hex')] as const]
    return new Map([
      ...forms.map(([name, form]) => [name, Buffer.from(form)] as const),
      ['canary in UTF-16', Buffer.from(text, 'utf16le')] as const,
    ])
  }
}

interface DiscoveredKind {
  /** As in `StoredKinds`. */
  readonly id: string
  readonly groupVersion: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

export interface CanaryTarget {
  readonly transport: Transport
  readonly namespace: string
  readonly kinds: StoredKinds
  readonly canaries: Canaries
  readonly attempts: AttemptLog
}

/** Writes a canary into an object of each of these kinds that the cluster serves, and returns the ids of the kinds. */
export async function storeCanaries(target: CanaryTarget, served: readonly DiscoveredKind[], signal: AbortSignal): Promise<string[]> {
  const { kinds } = target
  const known = served.filter(({ id }) => kinds[id] !== undefined)
  await inParallel(known, kind => storeCanary(target, kind, signal))
  return known.map(({ id }) => id)
}

async function storeCanary(target: CanaryTarget, kind: DiscoveredKind, signal: AbortSignal): Promise<void> {
  const { transport, namespace, kinds, canaries, attempts } = target
  const { id, groupVersion, plural, namespaced } = kind
  const known = kinds[id]
  if (known === undefined) return
  const name = known.name ?? 'bulkhead-prove-canary'
  const fields = typeof known.fields === 'function' ? known.fields(namespace) : known.fields
  const metadata = { name, annotations: { 'bulkhead.dev/prove': canaries.next() } }
  const body = { ...fields, apiVersion: groupVersion, kind: kind.kind, metadata }
  const path = `${root(groupVersion)}${namespaced ? `/namespaces/${namespace}` : ''}/${plural}`
  const answer = await request(transport, { method: 'POST', path, body }, signal)
  const what = `store a canary in ${id}`
  if (answer.status === 409) {
    const patch = {
      method: 'PATCH',
      path: `${path}/${name}`,
      body: { metadata: { annotations: metadata.annotations } },
      contentType: mergePatch,
    } as const
    await attempts.accepted(what, transport, patch, signal)
    return
  }
  const held = answer.status === 201
  attempts.record({
    name: what,
    sent: `POST ${path}`,
    expected: '201',
    answered: `answered ${answer.status} ${answer.message}`.trim(),
    held,
  })
}

/** All kinds that are stored: they can be created and read. An APIService whose server does not answer is left out. */
export async function discoverKinds(transport: Transport, signal: AbortSignal): Promise<DiscoveredKind[]> {
  const groups = listOf((await read(transport, '/apis', signal)) ?? {}, 'groups')
  const versions = groups.map(group => String(fieldsOf(group['preferredVersion'])['groupVersion']))
  return (await inParallel(['v1', ...versions], groupVersion => kindsOf(transport, groupVersion, signal))).flat()
}

/** Those of one group; [] if it is not served. */
export async function kindsOf(transport: Transport, groupVersion: string, signal: AbortSignal): Promise<DiscoveredKind[]> {
  const resources = listOf((await read(transport, root(groupVersion), signal)) ?? {}, 'resources')
  const group = groupVersion.includes('/') ? groupVersion.slice(0, groupVersion.indexOf('/')) : ''
  return resources
    .filter(({ name, verbs }) => !String(name).includes('/') && Array.isArray(verbs) && verbs.includes('create') && verbs.includes('get'))
    .map(({ name, kind, namespaced }) => ({
      ...{ id: `${group}/${name}`, groupVersion, plural: String(name), kind: String(kind), namespaced: namespaced === true },
    }))
}

const root = (groupVersion: string): string => (groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`)

type Fields = Readonly<Record<string, unknown>>

async function read(transport: Transport, path: string, signal: AbortSignal): Promise<Fields | undefined> {
  const { status, text } = await request(transport, { method: 'GET', path }, signal)
  return status === 200 ? fieldsOf(parseJson(text)) : undefined
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {})

function listOf(value: Fields, key: string): Fields[] {
  const list = value[key]
  return Array.isArray(list) ? list.map(fieldsOf) : []
}
