// Another tenant's everyday work while the attack goes on, in a process of its own: reads and writes at a steady pace, whose latencies count from the moment at which
// they were due. Standard input: credentials and namespace; SIGTERM ends it; standard output: the latencies' quantiles in milliseconds.
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { compactHeap } from '../../src/base/v8/compact-heap.ts'
import { Connections, type Credentials } from '../load/connections.ts'
import { quantile } from '../load/measure.ts'

export interface NeighbourRequest {
  readonly credentials: Credentials
  readonly namespace: string
  readonly seconds: number
}

export interface NeighbourFigures {
  readonly read: number
  readonly write: number
  readonly longest: number
  readonly failed: number
  readonly requests: number
}

const everyMs = 10
/** Every fourth request is a write. */
const writeEvery = 4
const warmUp = 30

compactHeap()
const { credentials, namespace, seconds } = (await json(process.stdin)) as NeighbourRequest
using connections = await Connections.open(credentials, 2)
const path = `/api/v1/namespaces/${namespace}/configmaps`
const body = (number: number) => JSON.stringify({ metadata: { name: 'own' }, data: { number: String(number), text: 'x'.repeat(500) } })
await connections.request('POST', path, body(0))
const reads: number[] = []
const writes: number[] = []
let failed = 0

async function send(number: number): Promise<void> {
  const write = number % writeEvery === 0
  const began = performance.now()
  const { status } = await (write
    ? connections.request('PUT', `${path}/own`, body(number))
    : connections.request('GET', number % 3 === 0 ? path : `${path}/own`))
  if (number < warmUp) return
  if (status !== 200) failed++
  ;(write ? writes : reads).push(performance.now() - began)
}

const under: Promise<void>[] = []
const until = performance.now() + seconds * 1000
for (let number = 0; performance.now() < until; number++) {
  under.push(send(number))
  await delay(everyMs)
}
await Promise.all(under)
const sorted = (list: readonly number[]) => Float64Array.from(list).sort()
const figures: NeighbourFigures = {
  read: quantile(sorted(reads), 0.99),
  write: quantile(sorted(writes), 0.99),
  longest: Math.max(...reads, ...writes),
  failed,
  requests: reads.length + writes.length,
}
process.stdout.write(JSON.stringify(figures))
