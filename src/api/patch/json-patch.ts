// JSON patch (RFC 6902) as the library that upstream uses applies it: negative indexes count from the end, `test` of a missing member equals
// null, `replace` and `copy` of one are no failure.
import { copyJson } from '../../base/copy-json.ts'
import { setOwn } from '../../base/own-property.ts'
import { isRecord } from '../schema/compile.ts'
import { type ApiError, apiError, badRequest, tooLarge } from '../status.ts'
import { equal } from './apply/compare.ts'
import { goType } from './go-format.ts'

export const maxOperations = 10_000
/** Bytes that all `copy` operations of one patch may add, so that copies of copies cannot grow without bound. */
export const maxCopiedBytes = 3 * 1024 * 1024

type Container = Record<string, unknown> | unknown[]

/** A reason for the log: upstream's answer says nothing of it. */
class Inapplicable extends Error {}

/** A `test` that does not hold: the patch is not for this document. */
export class TestFailed extends Inapplicable {}

/** Operations between two places where others may go on: each may move the rest of a list of hundreds of thousands. */
const operationsPerTurn = 100

/** Never changes `target`. Throws a 400 where `patch` is no list of operations, a 422 where one cannot be applied, a 413 for too many. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  const steps = jsonPatchSteps(target, patch)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

/** The same, yielding now and then where there are many operations. */
export function* jsonPatchSteps(target: unknown, patch: unknown): Generator<void, unknown> {
  if (patch === null) return target
  if (!Array.isArray(patch)) throw badRequest(`json: cannot unmarshal ${jsonType(patch)} into Go value of type jsonpatch.Patch`)
  const odd = patch.find(operation => operation !== null && !isRecord(operation))
  if (odd !== undefined) throw badRequest(`json: cannot unmarshal ${jsonType(odd)} into Go value of type jsonpatch.Operation`)
  if (patch.length > maxOperations) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`)
  }
  const document = new PatchedDocument(target)
  try {
    for (let index = 0; index < patch.length; index++) {
      if (index > 0 && index % operationsPerTurn === 0) yield
      const operation: unknown = patch[index]
      document.apply(isRecord(operation) ? operation : {})
    }
  } catch (err) {
    if (err instanceof Inapplicable) throw rejected(err)
    throw err
  }
  return document.root
}

const fieldsOfOperation: readonly string[] = ['op', 'path', 'from', 'value']

/** What strict decoding finds wrong with the operations themselves. Throws the 400 of one that is none. */
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

/** As Go's decoder names what it met. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return isRecord(value) ? 'object' : typeof value === 'number' ? 'number' : goType(value)
}

class PatchedDocument {
  root: unknown
  /** Containers that this patch has made: only they are changed in place. */
  readonly #owned = new Set<Container>()
  #copied = 0

  constructor(target: unknown) {
    this.root = target
  }

  apply(operation: Readonly<Record<string, unknown>>): void {
    const text = (name: 'path' | 'from'): string => {
      const value = operation[name]
      if (typeof value !== 'string') throw new Inapplicable(`the operation has no ${name}`)
      return value
    }
    const value = operation['value'] ?? null
    switch (operation['op']) {
      case 'add':
        this.#add(text('path'), value)
        return
      case 'remove':
        this.#remove(text('path'))
        return
      case 'replace':
        this.#replace(text('path'), value)
        return
      case 'move': {
        const from = text('from')
        const moved = this.#get(from)
        this.#remove(from)
        this.#add(text('path'), moved ?? null)
        return
      }
      case 'copy': {
        const copied = this.#get(text('from'))
        this.#copied += copied === undefined ? 0 : JSON.stringify(copied).length
        if (this.#copied > maxCopiedBytes) throw new Inapplicable(`the copies add ${this.#copied} bytes, more than ${maxCopiedBytes}`)
        this.#add(text('path'), copyJson(copied ?? null))
        return
      }
      case 'test': {
        const path = text('path')
        const found = path === '' ? this.root : this.#get(path)
        if (!equal(found ?? null, value)) throw new TestFailed(`testing value ${path} failed`)
        return
      }
      default:
        throw new Inapplicable('unexpected kind of operation')
    }
  }

  #get(path: string): unknown {
    const { container, key } = this.#find(path, false)
    if (Array.isArray(container)) return container[indexIn(container, key, container.length)]
    return Object.hasOwn(container, key) ? container[key] : undefined
  }

  #add(path: string, value: unknown): void {
    const { container, key } = this.#find(path, true)
    if (!Array.isArray(container)) setOwn(container, key, value)
    else if (key === '-') container.push(value)
    else container.splice(indexIn(container, key, container.length + 1), 0, value)
  }

  #remove(path: string): void {
    const { container, key } = this.#find(path, true)
    if (Array.isArray(container)) container.splice(indexIn(container, key, container.length), 1)
    else if (!Object.hasOwn(container, key)) throw new Inapplicable(`there is no ${path} to remove`)
    else delete container[key]
  }

  #replace(path: string, value: unknown): void {
    if (path === '') {
      // Upstream ignores a whole document that is a scalar.
      if (typeof value === 'object' && value !== null) this.root = value
      return
    }
    const { container, key } = this.#find(path, true)
    if (Array.isArray(container)) container[indexIn(container, key, container.length)] = value
    else setOwn(container, key, value)
  }

  /** The container that a path ends in; `changes` makes those on the way this patch's own. What stands before the first slash does not count. */
  #find(path: string, changes: boolean): { container: Container; key: string } {
    const parts = path.split('/').slice(1).map(unescapePart)
    const key = parts.pop()
    if (key === undefined || !isContainer(this.root)) throw new Inapplicable(`nothing has the path ${JSON.stringify(path)}`)
    if (changes) this.root = this.#own(this.root)
    let container: Container = isContainer(this.root) ? this.root : {}
    for (const part of parts) {
      const at = Array.isArray(container) ? indexIn(container, part, container.length) : part
      const next: unknown = Object.hasOwn(container, at) ? Reflect.get(container, at) : undefined
      if (!isContainer(next)) throw new Inapplicable(`nothing has the path ${JSON.stringify(path)}`)
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

/** Negative indexes count from `length`, which every index is below. */
function indexIn(list: readonly unknown[], key: string, length: number): number {
  const index = /^[-+]?\d+$/.test(key) ? Number(key) : Number.NaN
  const at = index < 0 ? index + length : index
  if (at >= 0 && at < length) return at
  throw new Inapplicable(`${JSON.stringify(key)} is no index in a list of ${list.length}`)
}

function unescapePart(part: string): string {
  return part.replace(/~[01]/g, escaped => (escaped === '~1' ? '/' : '~'))
}

function rejected(cause: Error): ApiError {
  return apiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, { cause })
}
