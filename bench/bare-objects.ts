// The bare server's objects: a map in memory, and a store that writes everything pending in one commit.
import { Worker } from 'node:worker_threads'
import type { Row } from './bare-store-worker.ts'

type Json = Record<string, unknown>
type Answer = (bytes: Buffer) => void

interface Stored {
  readonly value: Json
  readonly bytes: Buffer
}

export class BareObjects {
  readonly #objects = new Map<string, Stored>()
  readonly #store: Worker
  #waiting: { row: Row; answer: Answer }[] = []
  #writing = false

  constructor(file: string) {
    this.#store = new Worker(new URL('bare-store-worker.ts', import.meta.url), { workerData: file })
  }

  get(path: string): Buffer | undefined {
    return this.#objects.get(path)?.bytes
  }

  /** Parses and encodes once; answers when the object is on the disk. */
  write(method: string, path: string, body: Buffer, answer: Answer): void {
    const sent = JSON.parse(body.toString()) as Json
    const key = method === 'POST' ? `${path}/${String((sent['metadata'] as Json)['name'])}` : path
    const value = method === 'PATCH' ? merged(this.#objects.get(key)?.value ?? {}, sent) : sent
    const bytes = Buffer.from(JSON.stringify(value))
    this.#objects.set(key, { value, bytes })
    this.#waiting.push({ row: [key, bytes], answer })
    if (!this.#writing) this.#commit()
  }

  #commit(): void {
    const batch = this.#waiting
    this.#waiting = []
    this.#writing = batch.length > 0
    if (!this.#writing) return
    this.#store.once('message', () => {
      for (const { row, answer } of batch) answer(row[1] as Buffer)
      this.#commit()
    })
    this.#store.postMessage(batch.map(({ row }) => row))
  }
}

/** RFC 7386 but for nulls, which no workload sends. */
function merged(value: Json, patch: Json): Json {
  const result = { ...value }
  for (const [key, member] of Object.entries(patch)) {
    const before = result[key]
    result[key] = isObject(before) && isObject(member) ? merged(before, member) : member
  }
  return result
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
