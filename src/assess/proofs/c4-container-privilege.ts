import type { Container } from '../../api/types/core-v1.ts'
import { type DeclaredContainer, declaredContainers, declaredPod } from '../attacks/privilege/declared-containers.ts'
import { factDifferences, readFacts } from '../oracles/container-facts.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec } from '../proof-pods.ts'
import { realNodes, runToEnd } from '../real-nodes.ts'

export const containerPrivilege: Proof = {
  id: 'C4',
  title: 'least privilege in the container',
  why: 'A declaration in a manifest only counts if the kernel enforces it',
  attack:
    'On each real node, run containers with different declarations and read from the kernel what their processes are and may do; try to write, mount, unshare and look beyond',
  expected:
    'Each fact is what was declared: seccomp filter, no new privileges, each set of capabilities, user, groups, read-only root and volume, sysctl; masked files stay masked',
  whenRed:
    'Run the pods on another node, and compare the kernel and containerd of this one with docs/node.md: it does not enforce what was declared',
  async prove(context, signal) {
    const { usable, others } = await realNodes(context, signal)
    if (usable.length === 0)
      return skipped(
        others.length === 0 ? 'no real node: simulated nodes run no container' : `no real node takes pods: ${others.join(', ')}`,
      )
    await using namespace = await ProofNamespace.create(context, 'C4', signal, { 'pod-security.kubernetes.io/enforce': 'baseline' })
    await namespace.account('probe', signal)
    await Promise.all(usable.map((node, index) => readNode(context, namespace, node, `probe-${index}`, signal)))
    const left = others.length === 0 ? '' : `; not on ${others.join(', ')}, which take no pods`
    return outcomeOf(
      [],
      `on node ${usable.join(', ')} the kernel reports of ${declaredContainers.length} containers what each declares, in ${context.attempts.all.length} facts${left}`,
    )
  },
}

async function readNode(context: ProofContext, namespace: ProofNamespace, node: string, pod: string, signal: AbortSignal): Promise<void> {
  const { attempts } = context
  const [template] = harmlessSpec().containers
  const containerOf = ({ name, securityContext }: DeclaredContainer): Container =>
    Object.assign({}, template, {
      ...{ name, securityContext, command: ['sh', '-c', readFacts] },
      volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }],
    })
  const spec = harmlessSpec({
    securityContext: declaredPod,
    serviceAccountName: 'probe',
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: declaredContainers.filter(({ init }) => init !== true).map(containerOf),
    initContainers: declaredContainers.filter(({ init }) => init === true).map(containerOf),
  })
  const { phase, logs } = await runToEnd(context, namespace, pod, node, spec, signal)
  for (const { name, expected } of declaredContainers) {
    const log = logs.get(name) ?? ''
    // Each fact is an attempt: one that is not enforced does not hide another.
    for (const [kind, facts] of Object.entries(expected) as [keyof typeof expected, Readonly<Record<string, string>>][]) {
      for (const [fact, value] of Object.entries(facts)) {
        const one = { status: {}, probes: {}, [kind]: { [fact]: value } }
        const [difference] = factDifferences(log, one)
        attempts.record({
          name: `${fact} of container ${name} on node ${node}`,
          sent: kind === 'status' ? 'cat /proc/1/status' : fact,
          expected: value,
          answered: difference ?? value,
          held: difference === undefined,
        })
      }
    }
    const isolated = logs.get(name)?.includes(`probe name ${pod}`) === true
    attempts.record({
      ...{ name: `host name of container ${name} on node ${node}`, sent: 'hostname', expected: pod },
      ...{ answered: isolated ? pod : `another name, or the pod ended as ${phase}`, held: isolated },
    })
  }
}
