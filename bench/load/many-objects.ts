// A hundred thousand small objects: whether the last costs as much as the first.
import type { Connections } from './connections.ts'
import { measure } from './measure.ts'
import { configMap, namespace } from './objects.ts'

const manyObjects = 100_000
const part = 10_000
const inFlight = 32
const base = `/api/v1/namespaces/${namespace}/configmaps`

/** Creates them; how many times longer the last tenth took than the second: in the first the programs on both sides warm up. */
export async function createMany(connections: Connections): Promise<number> {
  const seconds: number[] = []
  for (let first = 0; first < manyObjects; first += part) {
    const created = await measure(part, inFlight, i => connections.request('POST', base, configMap(first + i)))
    seconds.push(created.seconds)
  }
  return (seconds.at(-1) ?? Number.NaN) / (seconds[1] ?? Number.NaN)
}
