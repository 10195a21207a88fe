import { formatTime } from '../../base/clock.ts'
import { podSecurityExceptions } from '../../client/resources.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { type Answer, request, succeeded } from '../request.ts'

const second = 1000
/** Lifetime of an exception, and how long after its expiry attempts continue, because the clocks may differ by some seconds. */
const shortLifeMs = 2 * second
const graceMs = 20 * second
const pollMs = 50
const hostPod = (image: string) =>
  podObject('d8', harmlessSpec({ hostNetwork: true, serviceAccountName: 'd8' }, { image: `example.invalid/${image}` }))

export const exceptions: Proof = {
  id: 'D8',
  title: 'exceptions end',
  why: 'An exception without an owner or an expiry is a hole that everybody forgets',
  attack: 'Create exceptions without owner, reason or expiry; use one for another workload, an expired one, and one while it expires',
  expected: 'Each exception has owner, reason and expiry, covers one workload, and admits nothing after it expires',
  whenRed: 'List the exceptions (`kubectl get podsecurityexceptions -A`), and delete those without owner, reason or expiry',
  async prove(context, signal) {
    const { client, transport, clock } = context
    await using namespace = await ProofNamespace.create(context, 'D8', signal)
    await namespace.account('d8', signal)
    const found: string[] = []
    const tryPod = (image: string) =>
      request(transport, { method: 'POST', path: namespace.core('pods?dryRun=All'), body: hostPod(image) }, signal)
    const wantRefusal = async (what: string, image: string): Promise<string | undefined> => {
      const { status, message } = await tryPod(image)
      if (status === 403 && message.includes('violates PodSecurity')) return /templateDigest (sha256:[0-9a-f]{64})/.exec(message)?.[1]
      found.push(`${what}: answered ${status}, expected a refusal by Pod Security`)
      return undefined
    }
    const templateDigest = await wantRefusal("pod on the host's network without an exception", 'one')
    if (templateDigest === undefined) return outcomeOf([...found, 'no refusal contains the digest that an exception needs'], '')
    const whole = { templateDigest, checks: ['hostNamespaces'], owner: 'bulkhead prove', reason: 'proof D8' }
    const path = namespace.group('bulkhead.dev/v1alpha1', 'podsecurityexceptions')
    const inAnHour = formatTime(clock.now() + 3600 * second)
    for (const missing of ['owner', 'reason', 'expires']) {
      const spec = { ...whole, expires: inAnHour, [missing]: undefined }
      const { status } = await request(transport, { method: 'POST', path, body: { metadata: { name: 'incomplete' }, spec } }, signal)
      if (status !== 422) found.push(`exception without "${missing}": answered ${status}, expected 422`)
    }
    const make = (name: string, expires: string) =>
      client.create(podSecurityExceptions, namespace.name, { metadata: { name }, spec: { ...whole, expires } }, signal)
    await make('ended', formatTime(clock.now() - 3600 * second))
    await wantRefusal('pod with an expired exception', 'one')
    await make('holds', inAnHour)
    const admitted = await tryPod('one')
    if (!succeeded(admitted)) found.push(`the workload of the exception is refused: ${admitted.message}`)
    await wantRefusal('another workload with the exception', 'two')
    const expires = formatTime(clock.now() + shortLifeMs)
    await client.patch(podSecurityExceptions, namespace.name, 'holds', { spec: { expires } }, { type: 'merge' }, signal)
    const last = await untilRefused(context, () => tryPod('one'), Date.parse(expires) + graceMs, signal)
    if (succeeded(last)) found.push(`an exception that expired at ${expires} still admits pods`)
    return outcomeOf(
      found,
      'three exceptions without owner, reason or expiry refused; one covered only its workload, and nothing after it expired',
    )
  },
}

/** The last answer: the first refusal, or the one at the time limit. */
async function untilRefused({ clock }: ProofContext, attempt: () => Promise<Answer>, until: number, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    const answer = await attempt()
    if (!succeeded(answer) || clock.now() > until) return answer
    await clock.sleep(pollMs, signal)
  }
}
