// A stream of small writes that remembers which of them were acknowledged, to ask for them afterwards.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdminConnection, Answer } from './admin-request.ts'
import { until } from './cluster.ts'

const path = '/api/v1/namespaces/default/configmaps'

export class WriteLoad {
  readonly #admin: AdminConnection
  readonly #prefix: string
  readonly #acknowledged = new Map<string, string>()
  #next = 0
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(admin: AdminConnection, prefix: string) {
    this.#admin = admin
    this.#prefix = prefix
  }

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  /** One creation, with any result; rejects if no answer came. */
  async attempt(bytes = 16): Promise<Answer> {
    const name = `load-${this.#prefix}-${this.#next++}`
    const value = name.padEnd(bytes, '.')
    const answer = await this.#admin.json('POST', path, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } })
    if (answer.status === 201) this.#acknowledged.set(name, value)
    return answer
  }

  async write(): Promise<void> {
    const answer = await this.attempt()
    assert.equal(answer.status, 201, answer.text)
  }

  /** Two writers, until `stop`. A write that fails or gets no answer is not acknowledged, so it may be there or not. */
  start(): void {
    const writer = async () => {
      while (!this.#stopped) {
        const answered = await this.attempt().then(
          ({ status }) => status === 201,
          () => false,
        )
        if (!answered) await delay(20)
      }
    }
    this.#running = Promise.all([writer(), writer()]).then(() => undefined)
  }

  reaches(count: number): Promise<void> {
    return until(`${count} acknowledged writes, there are ${this.#acknowledged.size}`, () => this.#acknowledged.size >= count)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  /** Each acknowledged object is there with its content. */
  async assertNothingLost(): Promise<void> {
    const { body } = await this.#admin.send({ path })
    const items: unknown = body?.['items']
    assert.ok(Array.isArray(items))
    const there = new Map(items.map(({ metadata, data }) => [String(metadata.name), String(data?.value)]))
    const lost = [...this.#acknowledged].filter(([name, value]) => there.get(name) !== value).map(([name]) => name)
    assert.deepEqual(lost, [])
    assert.ok(this.#acknowledged.size > 0)
  }
}
