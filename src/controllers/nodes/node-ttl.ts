// Annotates nodes with the seconds for which they may cache Secrets and ConfigMaps: longer with more nodes.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { nodes } from '../../client/resources.ts'
import { type Controller, done } from '../controller.ts'

export const nodeTtlAnnotation = 'node.alpha.kubernetes.io/ttl'

interface Step {
  readonly seconds: number
  /** With fewer nodes: a step down. The steps overlap, so that one node more or less does not change all annotations back and forth. */
  readonly fewest: number
  /** With more nodes: a step up. */
  readonly most: number
}

/** Upstream's. */
const steps: readonly Step[] = [
  { seconds: 0, fewest: 0, most: 100 },
  { seconds: 15, fewest: 90, most: 500 },
  { seconds: 30, fewest: 450, most: 1000 },
  { seconds: 60, fewest: 900, most: 2000 },
  { seconds: 300, fewest: 1800, most: Number.POSITIVE_INFINITY },
]

/** The step for so many nodes, coming from `step`. */
export function ttlStep(step: number, count: number): number {
  let next = step
  while (count > (steps[next]?.most ?? 0)) next++
  while (count < (steps[next]?.fewest ?? 0)) next--
  return next
}

export const ttlSeconds = (step: number): number => steps[step]?.seconds ?? 0

export const nodeTtl: Controller = {
  name: 'ttl-controller',
  identity: {
    account: 'ttl-controller',
    rules: [rule('list patch update watch', 'core', 'nodes'), recordEvents],
  },
  watches: nodes,
  begin({ client, informers }) {
    const cache = informers.full(nodes)
    let step = 0
    return async (key, signal) => {
      step = ttlStep(step, cache.list().length)
      const node = cache.getByKey(key)
      const wanted = `${ttlSeconds(step)}`
      if (node === undefined || node.metadata.annotations?.[nodeTtlAnnotation] === wanted) return done
      await client.patch(nodes, '', key, { metadata: { annotations: { [nodeTtlAnnotation]: wanted } } }, { type: 'strategic' }, signal)
      return done
    }
  },
}
