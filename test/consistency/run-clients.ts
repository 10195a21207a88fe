// Sixteen clients work on the same keys, until the caller has enough; then all watches must see the end.
import { groups, newRecording, RunClient } from './client.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

export const clientCount = 16

export interface RunOptions {
  /** Of each client, so that each has connections of its own. */
  targetOf(number: number): Target
  readonly random: Random
  /** Default 24: few enough that the clients often meet. */
  readonly keyCount?: number
  readonly restMs: number
  /** Called with the number of operations so far; the clients stop when it returns true. */
  enough(operations: number): boolean
  /** Names the objects of this run. */
  readonly prefix?: string
}

export async function runClients(options: RunOptions): Promise<History> {
  const { random, restMs, keyCount = 24, prefix = 'k' } = options
  const recording = newRecording()
  const keys = Array.from({ length: keyCount }, (_, index) => `${prefix}${index}`)
  const clients = Array.from(
    { length: clientCount },
    (_, number) => new RunClient({ target: options.targetOf(number), random: random.fork(number), number, keys, recording, restMs }),
  )
  const stop = new AbortController()
  let operations = 0
  try {
    await Promise.all(clients.map(client => client.follow(stop.signal)))
    await Promise.all(
      clients.map(async client => {
        while (!options.enough(operations)) {
          operations++
          await client.step()
        }
      }),
    )
    await Promise.all(clients.map(client => Promise.all(keys.map(key => client.read(key)))))
    const last = await writeMarkers(clients, prefix)
    await Promise.all(clients.map(client => client.reach(last)))
  } finally {
    stop.abort()
    await Promise.all(clients.map(client => client.stopped()))
  }
  return recording
}

/** One object of each group, so that every selection has a last event. */
async function writeMarkers([client]: readonly RunClient[], prefix: string): Promise<Map<string, number>> {
  const last = new Map<string, number>()
  for (let attempt = 0; last.size < groups.length; attempt++) {
    const group = groups[last.size] ?? ''
    const revision = await client?.write(`${prefix}-end-${group}-${attempt}`, 0, `${prefix}-end-${group}-${attempt}`, group)
    if (revision !== undefined) last.set(group, revision)
  }
  return last
}
