import { nodes, pods } from '../../client/resources.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { request } from '../request.ts'

const waitMs = 120_000
const readBack = 'cat /proc/1/status; touch /bulkhead-prove 2>&1 || true'
/** The required state of the first process of a restricted container in the kernel (proc_pid_status(5)). */
const wanted: Readonly<Record<string, string>> = {
  Seccomp: '2',
  NoNewPrivs: '1',
  CapEff: '0000000000000000',
  CapPrm: '0000000000000000',
  CapBnd: '0000000000000000',
  CapInh: '0000000000000000',
}

export const containerPrivilege: Proof = {
  id: 'C4',
  title: 'least privilege in the container',
  why: 'A declaration in a manifest only counts if the kernel enforces it',
  attack: 'Run a restricted pod and read from the kernel what its process may do; try to write to its root',
  expected: 'seccomp filter on, no new privileges, no capability, not root, read-only root',
  whenRed:
    'Run the pods on another node, and compare the kernel and containerd of this one with docs/node.md: it does not enforce what was declared',
  async prove(context, signal) {
    const real = (await context.client.listAll(nodes, {}, signal)).find(({ status }) =>
      status?.nodeInfo?.containerRuntimeVersion?.startsWith('containerd://'),
    )
    if (real === undefined) return skipped('no real node: simulated nodes run no container')
    await using namespace = await ProofNamespace.create(context, 'C4', signal)
    await namespace.account('probe', signal)
    const nodeName = real.metadata.name ?? ''
    const spec = harmlessSpec(
      {
        schedulerName: 'default-scheduler',
        restartPolicy: 'Never',
        serviceAccountName: 'probe',
        nodeSelector: { 'kubernetes.io/hostname': nodeName },
      },
      { command: ['sh', '-c', readBack] },
    )
    await context.client.create(pods, namespace.name, podObject('probe', spec), signal)
    const phase = await finished(context, namespace.name, signal)
    if (phase !== 'Succeeded') return { held: false, found: [`the probe pod on node "${nodeName}" ended as ${phase}`] }
    const { text } = await request(context.transport, { method: 'GET', path: namespace.core('pods/probe/log') }, signal)
    return outcomeOf(
      findings(text),
      `on node "${nodeName}" the kernel reports Seccomp 2, NoNewPrivs 1, no capability, uid 65532, root read-only`,
    )
  },
}

/** Compares `/proc/<pid>/status`, followed by the output of the write, with the required state. */
export function findings(log: string): string[] {
  const found: string[] = []
  const fields = new Map([...log.matchAll(/^(\w+):\s+(.*)$/gm)].map(([, name = '', value = '']) => [name, value.trim()]))
  for (const [name, value] of Object.entries(wanted)) {
    const actual = fields.get(name)
    if (actual !== value) found.push(`${name} is ${actual ?? 'not shown'}, expected ${value}`)
  }
  const [uid = ''] = (fields.get('Uid') ?? '').split(/\s+/)
  if (uid === '' || uid === '0') found.push(`the user id is ${uid === '' ? 'not shown' : uid}, expected any other than 0`)
  if (!log.includes('Read-only file system')) found.push('the root file system was writable')
  return found
}

async function finished({ client, clock }: ProofContext, namespace: string, signal: AbortSignal): Promise<string> {
  const until = clock.now() + waitMs
  for (;;) {
    const { status } = await client.get(pods, namespace, 'probe', signal)
    const phase = status?.phase ?? 'Pending'
    if (phase === 'Succeeded' || phase === 'Failed' || clock.now() > until) return phase
    await clock.sleep(200, signal)
  }
}
