// What the kernel of each real node says about a container's amounts, read from within the container.
import type { Container } from '../../../api/types/core-v1.ts'
import { cgroupDifferences, parseCgroup, readCgroup } from '../../oracles/cgroup-values.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec } from '../../proof-pods.ts'
import { realNodes, runToEnd } from '../../real-nodes.ts'
import { limitAccount } from './bounds.ts'
import { defaulted } from './defaults.ts'

/** The namespace has the LimitRange of `defaulted`. Returns the nodes that were read. */
export async function readKernel(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<readonly string[]> {
  const { usable } = await realNodes(context, signal)
  await Promise.all(usable.map((node, index) => readNode(context, namespace, node, `kernel-${index}`, signal)))
  return usable
}

async function readNode(context: ProofContext, namespace: ProofNamespace, node: string, pod: string, signal: AbortSignal): Promise<void> {
  const [template] = harmlessSpec().containers
  const command = ['sh', '-c', readCgroup]
  const rows = defaulted.filter(({ name }) => name !== 'all')
  const of = (prefix: string) =>
    rows.map(({ name, stated }): Container => Object.assign({}, template, { name: `${prefix}-${name}`, command, resources: stated }))
  const spec = harmlessSpec({ containers: of('run'), initContainers: of('init'), serviceAccountName: limitAccount })
  const { phase, logs } = await runToEnd(context, namespace, pod, node, spec, signal)
  for (const [container, log] of logs) {
    const row = rows.find(({ name }) => container.endsWith(`-${name}`))
    if (row === undefined) continue
    const facts = parseCgroup(log)
    const { requests, limits } = row
    const found =
      facts === undefined
        ? [`no cgroup can be read (the pod ended as ${phase}): ${log}`]
        : cgroupDifferences(facts, {
            ...{ cpuRequest: requests['cpu'] ?? '0', cpuLimit: limits['cpu'] ?? '0', memoryLimit: limits['memory'] ?? '0' },
          })
    context.attempts.record({
      name: `cgroup of container ${container} on node ${node}`,
      sent: `cat /sys/fs/cgroup in pod ${pod}`,
      expected: `CPU ${requests['cpu']} to ${limits['cpu']}, memory ${limits['memory']}`,
      answered: found.length === 0 ? 'these' : found.join(', '),
      held: found.length === 0,
    })
  }
}
