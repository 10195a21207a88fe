// A namespace for attacks on exceptions: pods that break a rule, their digests, and exceptions for them.
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { formatTime } from '../../../base/clock.ts'
import { podSecurityExceptions } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { type ProofRequest, request } from '../../request.ts'

export const hourMs = 3_600_000
export const refusedBy = { names: 'violates PodSecurity' }

export class ExceptionRoom {
  readonly context: ProofContext
  readonly namespace: ProofNamespace
  /** The collection of the namespace's exceptions. */
  readonly path: string

  constructor(context: ProofContext, namespace: ProofNamespace) {
    this.context = context
    this.namespace = namespace
    this.path = namespace.group('bulkhead.dev/v1alpha1', 'podsecurityexceptions')
  }

  /** A workload on the network of its node, which only an exception admits. Another image is another workload. */
  hostSpec(image: string, fields: Partial<PodSpec> = {}): PodSpec {
    return harmlessSpec({ hostNetwork: true, serviceAccountName: 'd8', ...fields }, { image: `example.invalid/${image}` })
  }

  /** Nothing is stored. */
  tryPod(spec: PodSpec): ProofRequest {
    return { method: 'POST', path: this.namespace.core('pods?dryRun=All'), body: podObject('d8', spec) }
  }

  /** As the refusal names it; undefined if it does not. */
  async digestOf(spec: PodSpec, signal: AbortSignal): Promise<string | undefined> {
    const { message } = await request(this.context.transport, this.tryPod(spec), signal)
    return /templateDigest (sha256:[0-9a-f]{64})/.exec(message)?.[1]
  }

  complete(templateDigest: string, lifeMs = hourMs) {
    const expires = formatTime(this.context.clock.now() + lifeMs)
    return { templateDigest, checks: ['hostNamespaces'], owner: 'bulkhead prove', reason: 'proof D8', expires }
  }

  /** Stores an exception for the workload; `more` replaces fields. */
  async except(name: string, spec: PodSpec, more: object, signal: AbortSignal): Promise<void> {
    const digest = await this.digestOf(spec, signal)
    if (digest === undefined) throw new Error(`the refusal of the workload for exception "${name}" names no digest`)
    await this.exceptDigest(name, digest, more, signal)
  }

  async exceptDigest(name: string, digest: string, more: object, signal: AbortSignal): Promise<void> {
    const made = { metadata: { name }, spec: { ...this.complete(digest), ...more } }
    await this.context.client.create(podSecurityExceptions, this.namespace.name, made, signal)
  }
}
