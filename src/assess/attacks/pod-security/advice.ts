// A refused workload comes with a patch, and with that patch it passes.
import { parseJson } from '../../../base/json.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, workloadForms } from '../../proof-pods.ts'
import { jsonPatch } from '../../request.ts'
import { create } from './levelled-namespace.ts'

/** Returns the number of steps of the patch. */
export async function advice(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<number> {
  const { attempts, transport } = context
  const form = workloadForms.find(({ kind }) => kind === 'Deployment')
  if (form === undefined) throw new Error('no form of a Deployment')
  // A typical first draft: no security context at all.
  const plain = { containers: [{ name: 'main', image: 'example.invalid/app' }] }
  const path = namespace.group(form.groupVersion, form.plural)
  const refused = await attempts.refused(
    'Deployment that could start no pod',
    transport,
    { method: 'POST', path: `${path}?dryRun=All`, body: form.object('c3', plain) },
    { names: 'violates PodSecurity' },
    signal,
  )
  const patch = patchIn(refused.message)
  if (patch === undefined) {
    attempts.record({
      name: 'the refusal of the Deployment contains a patch',
      ...{ sent: `POST ${path}`, expected: 'a JSON patch', answered: 'no patch', held: false },
    })
    return 0
  }
  await create(context, path, form.object('c3', harmlessSpec()), signal)
  const body = [{ op: 'replace', path: '/spec/template/spec', value: plain }, ...patch]
  const question = { method: 'PATCH', path: `${path}/c3?dryRun=All`, body, contentType: jsonPatch } as const
  await attempts.accepted('the refused Deployment with the patch of the refusal', transport, question, signal)
  return patch.length
}

/** The refusal ends with the JSON patch. */
function patchIn(message: string): unknown[] | undefined {
  const [, text] = /would pass: (\[.*\])\s*$/s.exec(message) ?? []
  if (text === undefined) return undefined
  const value: unknown = parseJson(text)
  return Array.isArray(value) ? value : undefined
}
