import { nodes, pods } from '../../client/resources.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { request } from '../request.ts'

const waitMs = 120_000
const readBack = 'cat /proc/1/status; touch /bulkhead-prove 2>&1 || true'
/** What the kernel must say of the first process of a restricted container (proc_pid_status(5)). */
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
  why: 'What a manifest declares is worth what the kernel enforces',
  attack: 'Run a restricted pod and read back from the kernel what its process may do; try to write to its root',
  expected: 'seccomp filter on, no new privileges, no capability, not root, read-only root',
  whenRed: 'Run the pods on another node, and compare its kernel and containerd with docs/node.md: what was declared is not enforced there',
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
    if (phase !== 'Succeeded') return { held: false, found: [`the probing pod on node "${nodeName}" ended as ${phase}`] }
    const { text } = await request(context.transport, { method: 'GET', path: namespace.core('pods/probe/log') }, signal)
    return outcomeOf(
      findings(text),
      `on node "${nodeName}" the kernel says Seccomp 2, NoNewPrivs 1, no capability, uid 65532, root read-only`,
    )
  },
}

/** Compares `/proc/<pid>/status`, followed by what the write said, with what must be. */
export function findings(log: string): string[] {
  const found: string[] = []
  const fields = new Map([...log.matchAll(/^(\w+):\s+(.*)$/gm)].map(([, name = '', value = '']) => [name, value.trim()]))
  for (const [name, value] of Object.entries(wanted)) {
    const actual = fields.get(name)
    if (actual !== value) found.push(`${name} is ${actual ?? 'not shown'}, want ${value}`)
  }
  const [uid = ''] = (fields.get('Uid') ?? '').split(/\s+/)
  if (uid === '' || uid === '0') found.push(`the user id is ${uid === '' ? 'not shown' : uid}, want any but 0`)
  if (!log.includes('Read-only file system')) found.push('the root file system could be written to')
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
