// Compares which connections real pods can open with what policies allow by an evaluator that is independent of the kernel.
import type { Namespace, Pod } from '../api/types/core-v1.ts'
import type { NetworkPolicy } from '../api/types/networking-v1.ts'
import { evaluateFlow, type Party } from '../network/policy/evaluate.ts'

export interface Target {
  readonly party: Party
  readonly port: number
}

/** An allowed connection may have to wait this long on a busy node. */
const waitSeconds = 5
const done = 'done'

/** A shell script that starts all probes at once as its first commands; `reachedBy` parses its output. */
export function probeScript(targets: readonly Target[]): string {
  const probes = targets.map(
    target => `{ nc -w ${waitSeconds} ${textOf(target)} </dev/null 2>/dev/null && echo "reached ${textOf(target)}"; } &`,
  )
  return [...probes, 'wait', `echo ${done}`].join('\n')
}

/** Each as `address port`; undefined if the script has not finished. */
export function reachedBy(log: string): ReadonlySet<string> | undefined {
  if (!log.split('\n').includes(done)) return undefined
  return new Set([...log.matchAll(/^reached (\S+ \d+)$/gm)].map(([, text = '']) => text))
}

export interface Probed {
  readonly from: Party
  readonly reached: ReadonlySet<string>
}

export interface Comparison {
  readonly allowed: number
  readonly refused: number
  /** Where the results differ from the policies. */
  readonly found: readonly string[]
}

export function compareProbes(
  probed: readonly Probed[],
  targets: readonly Target[],
  policies: readonly NetworkPolicy[],
  namespaces: readonly Namespace[],
): Comparison {
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]))
  const world = { policies, namespaceLabels: (name: string) => labels.get(name) }
  const found: string[] = []
  let allowed = 0
  let refused = 0
  for (const { from, reached } of probed) {
    for (const target of targets) {
      const verdict = evaluateFlow({ from, to: target.party, protocol: 'TCP', port: target.port }, world)
      if (verdict.allowed) allowed++
      else refused++
      if (reached.has(textOf(target)) === verdict.allowed) continue
      const did = verdict.allowed ? 'does not reach' : 'reaches'
      const why = verdict.allowed
        ? 'policies allow it'
        : `the ${verdict.direction} policies ${verdict.isolating.join(', ')} do not allow it`
      found.push(`${nameOf(from)} ${did} ${nameOf(target.party)} port ${target.port}, and ${why}`)
    }
  }
  return { allowed, refused, found }
}

export function partyOf({ metadata, spec, status }: Pod): Party {
  const { name = '', namespace = '', labels = {} } = metadata
  const ports = spec.containers.flatMap(container =>
    (container.ports ?? []).map(({ name: port = '', protocol = 'TCP', containerPort }) => ({ name: port, protocol, port: containerPort })),
  )
  return { address: status?.podIP ?? '', pod: { namespace, name, labels, ports } }
}

const textOf = ({ party, port }: Target): string => `${party.address} ${port}`
const nameOf = ({ address, pod }: Party): string => (pod === undefined ? address : `pod ${pod.namespace}/${pod.name}`)
