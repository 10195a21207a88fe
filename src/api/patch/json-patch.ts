// JSON patch (RFC 6902) with the behaviour of upstream's library: negative indexes count from the end, `test` of a missing member compares
// with null, `replace` and `copy` of one succeed.

import { WorkBudget, yieldIfDue } from '../../base/async/turns.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { setOwn } from '../../base/data/own-property.ts'
import { writeJson } from '../../base/write-json.ts'
import { goType } from '../go-text/go-format.ts'
import { goQuote } from '../go-text/go-quote.ts'
import { isRecord } from '../schema/compile.ts'
import { type ApiError, apiError, badRequest, tooLarge } from '../status.ts'
import { equal } from './apply/compare.ts'
import { Nesting } from './nesting.ts'

export const maxOperations = 10_000
/** Limit of bytes that all `copy` operations of one patch add, so that copies of copies cannot grow without bound. */
export const maxCopiedBytes = 3 * 1024 * 1024

type Container = Record<string, unknown> | unknown[]

/** Why an operation fails, in the words of upstream's library. Answers to patches omit it, those of admission show it. */
class Inapplicable extends Error {}

/** A failed `test`: the patch is not for this document. */
export class TestFailed extends Inapplicable {}

const missing = 'missing value'

/** The failed operation, before the reason. */
function within<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (err) {
    if (err instanceof Inapplicable) throw new Inapplicable(`${what}: ${err.message}`, { cause: err })
    throw err
  }
}

/** Operations between two yields: each may move the rest of a list of hundreds of thousands. */
const operationsPerTurn = 100

/** Never modifies `target`. Throws a 400 if `patch` is no list of operations or nests too deep, a 422 if one fails, a 413 for too many. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  const operations = operationsOf(patch)
  const document = new PatchedDocument(target)
  rejecting(() => {
    for (const operation of operations) document.apply(operation)
  })
  return document.root
}

/** The same, but yields between many operations. Rejects with the reason of the signal. */
export async function applyJsonPatchInTurns(target: unknown, patch: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  const operations = operationsOf(patch)
  const document = new PatchedDocument(target)
  const budget = new WorkBudget(operationsPerTurn, signal)
  for (const operation of operations) {
    await yieldIfDue(budget)
    rejecting(() => document.apply(operation))
    budget.spend(1)
  }
  return document.root
}

/** Throws a 400 if it is no list of operations, a 413 for too many. */
function operationsOf(patch: unknown): Record<string, unknown>[] {
  if (patch === null) return []
  if (!Array.isArray(patch)) throw badRequest(`json: cannot unmarshal ${jsonType(patch)} into Go value of type jsonpatch.Patch`)
  const odd = patch.find(operation => operation !== null && !isRecord(operation))
  if (odd !== undefined) throw badRequest(`json: cannot unmarshal ${jsonType(odd)} into Go value of type jsonpatch.Operation`)
  if (patch.length > maxOperations) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`)
  }
  return patch.map((operation: unknown) => (isRecord(operation) ? operation : {}))
}

function rejecting(apply: () => void): void {
  try {
    apply()
  } catch (err) {
    if (err instanceof Inapplicable) throw rejected(err)
    throw err
  }
}

const fieldsOfOperation: readonly string[] = ['op', 'path', 'from', 'value']

/** Problems that strict decoding finds in the operations. Throws the 400 of a malformed one. */
export function strictOperationErrors(patch: unknown): string[] {
  const refuse = (value: unknown, into: string): never => {
    throw badRequest(`error decoding patch: json: cannot unmarshal ${jsonType(value)} into Go ${into}`)
  }
  if (patch === null) return []
  if (!Array.isArray(patch)) return refuse(patch, 'value of type []handlers.jsonPatchOp')
  return patch.flatMap((operation: unknown, index) => {
    if (operation === null) return []
    if (!isRecord(operation)) return refuse(operation, 'value of type handlers.jsonPatchOp')
    return Object.entries(operation).flatMap(([name, value]) => {
      if (!fieldsOfOperation.includes(name)) return [`unknown field "[${index}].${name}"`]
      if (name !== 'value' && value !== null && typeof value !== 'string') {
        refuse(value, `struct field jsonPatchOp.${name} of type string`)
      }
      return []
    })
  })
}

/** Go's decoder's name of a value. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return isRecord(value) ? 'object' : typeof value === 'number' || typeof value === 'bigint' ? 'number' : goType(value)
}

class PatchedDocument {
  root: unknown
  /** Containers that this patch has created: only they are modified in place. */
  readonly #owned = new Set<Container>()
  readonly #nesting = new Nesting()
  #copied = 0

  constructor(target: unknown) {
    this.root = target
  }

  apply(operation: Readonly<Record<string, unknown>>): void {
    const kind = typeof operation['op'] === 'string' ? operation['op'] : 'unknown'
    const value = operation['value'] ?? null
    switch (kind) {
      case 'add': {
        const path = textOf(operation, 'path', kind)
        const place = this.#find(path, `add operation does not apply: doc is missing path: "${path}"`, true)
        this.#nesting.check(path, value)
        within(`error in add for path: '${path}'`, () => addTo(place, value))
        return
      }
      case 'remove': {
        const path = textOf(operation, 'path', kind)
        const place = this.#find(path, `remove operation does not apply: doc is missing path: "${path}"`, true)
        within(`error in remove for path: '${path}'`, () => removeFrom(place))
        return
      }
      case 'replace':
        this.#replace(textOf(operation, 'path', kind), value)
        return
      case 'move': {
        const from = textOf(operation, 'from', kind)
        const source = this.#find(from, `move operation does not apply: doc is missing from path: ${from}`, true)
        const moved = within(`error in move for path: '${source.key}'`, () => {
          const found = memberOf(source)
          removeFrom(source)
          return found
        })
        const path = textOf(operation, 'path', kind)
        const place = this.#find(path, `move operation does not apply: doc is missing destination path: ${path}`, true)
        this.#nesting.check(path, moved)
        within(`error in move for path: '${path}'`, () => addTo(place, moved ?? null))
        return
      }
      case 'copy': {
        const from = textOf(operation, 'from', kind)
        const source = this.#find(from, `copy operation does not apply: doc is missing from path: ${from}`, false)
        const copied = within(`error in copy for from: '${from}'`, () => memberOf(source))
        const path = textOf(operation, 'path', kind)
        const place = this.#find(path, `copy operation does not apply: doc is missing destination path: ${path}`, true)
        this.#nesting.check(path, copied)
        this.#copied += copied === undefined ? 0 : writeJson(copied).length
        if (this.#copied > maxCopiedBytes) {
          const sum = `the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${maxCopiedBytes}`
          throw new Inapplicable(`Unable to complete the copy, ${sum}`)
        }
        within('error while adding value during copy', () => addTo(place, copyJson(copied ?? null)))
        return
      }
      case 'test': {
        const path = textOf(operation, 'path', kind)
        const found = path === '' ? this.root : this.#tested(path)
        if (!equal(found ?? null, value)) throw new TestFailed(`testing value ${path} failed: test failed`)
        return
      }
      default:
        throw new Inapplicable(`Unexpected kind: ${kind}`)
    }
  }

  #tested(path: string): unknown {
    const place = this.#find(path, `test operation does not apply: is missing path: ${path}`, false)
    return within(`error in test for path: '${path}'`, () => memberOf(place))
  }

  #replace(path: string, value: unknown): void {
    this.#nesting.check(path, value)
    if (path === '') {
      // Upstream ignores a scalar document.
      if (typeof value === 'object' && value !== null) this.root = value
      return
    }
    const { container, key } = this.#find(path, `replace operation does not apply: doc is missing path: ${path}`, true)
    if (!Array.isArray(container)) {
      setOwn(container, key, value)
      return
    }
    const index = indexIfThere(key, container.length)
    if (index === undefined) throw new Inapplicable(`replace operation does not apply: doc is missing key: ${path}: ${missing}`)
    container[index] = value
  }

  /** The container at the end of a path; `changes` copies the containers on the way. Text before the first slash is ignored. */
  #find(path: string, otherwise: string, changes: boolean): Place {
    const parts = path.split('/').slice(1).map(unescapePart)
    const key = parts.pop()
    const nowhere = () => new Inapplicable(`${otherwise}: ${missing}`)
    if (key === undefined || !isContainer(this.root)) throw nowhere()
    if (changes) this.root = this.#own(this.root)
    let container: Container = isContainer(this.root) ? this.root : {}
    for (const part of parts) {
      const at = Array.isArray(container) ? indexIfThere(part, container.length) : part
      const next: unknown = at !== undefined && Object.hasOwn(container, at) ? Reflect.get(container, at) : undefined
      if (!isContainer(next)) throw nowhere()
      const kept = changes ? this.#own(next) : next
      if (kept !== next) {
        if (Array.isArray(container)) container[Number(at)] = kept
        else setOwn(container, part, kept)
      }
      container = kept
    }
    return { container, key }
  }

  #own(container: Container): Container {
    if (this.#owned.has(container)) return container
    const copy: Container = Array.isArray(container) ? [...container] : copyOf(container)
    this.#owned.add(copy)
    return copy
  }
}

function copyOf(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(record)) setOwn(copy, name, record[name])
  return copy
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}

interface Place {
  readonly container: Container
  readonly key: string
}

function textOf(operation: Readonly<Record<string, unknown>>, name: 'path' | 'from', kind: string): string {
  const value = operation[name]
  if (typeof value === 'string') return value
  const absent = name === 'path' ? 'operation missing path field' : 'operation, missing from field'
  const why =
    value === undefined || value === null
      ? `${absent}: ${missing}`
      : `json: cannot unmarshal ${jsonType(value)} into Go value of type string`
  // For these, the library drops the reason.
  const forgets = name === 'path' && (kind === 'add' || kind === 'remove' || kind === 'copy')
  throw new Inapplicable(`${kind} operation failed to decode ${name}: ${forgets ? missing : why}`)
}

function memberOf({ container, key }: Place): unknown {
  if (Array.isArray(container)) return container[indexIn(key, container.length)]
  return Object.hasOwn(container, key) ? container[key] : undefined
}

function addTo({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) setOwn(container, key, value)
  else if (key === '-') container.push(value)
  else if (isInteger(key)) container.splice(indexIn(key, container.length + 1), 0, value)
  else throw new Inapplicable(`value was not a proper array index: '${key}': ${noIndex(key)}`)
}

function removeFrom({ container, key }: Place): void {
  if (Array.isArray(container)) container.splice(indexIn(key, container.length), 1)
  else if (!Object.hasOwn(container, key)) throw new Inapplicable(`Unable to remove nonexistent key: ${key}: ${missing}`)
  else delete container[key]
}

const isInteger = (key: string): boolean => /^[-+]?\d+$/.test(key) && Math.abs(Number(key)) < 2 ** 63

function indexIn(key: string, length: number): number {
  const index = indexIfThere(key, length)
  if (index === undefined) throw new Inapplicable(noIndex(key))
  return index
}

/** Negative indexes count from `length`, which every index is below. */
function indexIfThere(key: string, length: number): number | undefined {
  if (!isInteger(key)) return undefined
  const index = Number(key)
  const at = index < 0 ? index + length : index
  return at >= 0 && at < length ? at : undefined
}

function noIndex(key: string): string {
  if (isInteger(key)) return `Unable to access invalid index: ${Number(key)}: invalid index referenced`
  return `strconv.Atoi: parsing ${goQuote(key)}: ${/^[-+]?\d+$/.test(key) ? 'value out of range' : 'invalid syntax'}`
}

function unescapePart(part: string): string {
  return part.replace(/~[01]/g, escaped => (escaped === '~1' ? '/' : '~'))
}

function rejected(cause: Error): ApiError {
  return apiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, { cause })
}
