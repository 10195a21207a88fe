// Tries each way to bring a privileged pod into a namespace, and looks for one afterwards.

import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { workloadForms } from '../../proof-pods.ts'
import { request, succeeded } from '../../request.ts'
import { type DangerousWrite, dangerousPods, dangerousTemplates, pathOf } from './dangerous-pods.ts'

/** The namespace has a harmless `victim` of each kind. */
export async function bringDangerousPods(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  await inParallel([...dangerousPods(namespace), ...dangerousTemplates(namespace)], write => tryOne(context, write, signal))
  await unadmitted(context, namespace, signal)
}

async function tryOne({ attempts, transport }: ProofContext, write: DangerousWrite, signal: AbortSignal): Promise<void> {
  const { name, mayBeIgnored, ...question } = write
  const { status, message } = await request(transport, question, signal)
  const accepted = succeeded({ status })
  attempts.record({
    name,
    sent: `${question.method} ${question.path}`,
    expected: mayBeIgnored ? 'a refusal, or no change' : 'a refusal',
    answered: `answered ${status} (${message})`,
    held: status < 500 && (!accepted || mayBeIgnored === true),
  })
}

const signs = ['"privileged":true', '"hostPID":true', '"hostNetwork":true', '"hostPath"']

async function unadmitted({ attempts, transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const lists = [{ kind: 'Pod', groupVersion: 'v1', plural: 'pods' }, ...workloadForms]
  for (const { kind, groupVersion, plural } of lists) {
    const path = pathOf(namespace, groupVersion, plural)
    const { text, status } = await request(transport, { method: 'GET', path }, signal)
    const seen = signs.filter(sign => text.includes(sign))
    attempts.record({
      name: `no ${kind} is privileged afterwards`,
      sent: `GET ${path}`,
      expected: 'no such object',
      answered: seen.length > 0 ? `a ${kind} exists with ${seen.join(', ')}` : `answered ${status}, no such object`,
      held: seen.length === 0 && succeeded({ status }),
    })
  }
}
