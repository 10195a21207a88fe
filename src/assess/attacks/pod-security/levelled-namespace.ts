// A namespace with a level of Pod Security, and attempts on it.

import { writeJson } from '../../../base/write-json.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { podObject } from '../../proof-pods.ts'
import { type ProofRequest, request, succeeded } from '../../request.ts'
import type { BreachLevel } from './breach.ts'
import type { BreachedPod } from './pod-of-breach.ts'

export interface LevelledNamespace {
  readonly namespace: ProofNamespace
  readonly level: BreachLevel
  /** `latest` or `v1.33`. */
  readonly version: string
}

export interface PodSecurityAttempt {
  readonly name: string
  readonly question: ProofRequest
  /** Why it must be refused, the attacked rule first; empty if it must be accepted. */
  readonly reasons: readonly string[]
  /** The field that the refusal must name. */
  readonly field: string
}

/** The account of the pods. A pod whose account does not exist would be refused for that. */
export const podAccount = 'c3'

export const enforceLabel = 'pod-security.kubernetes.io/enforce'

/** Sends all, some at a time. Equal requests that must be accepted are sent once. */
export async function sendAll(
  { attempts, transport }: ProofContext,
  { level, version }: LevelledNamespace,
  all: readonly PodSecurityAttempt[],
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>()
  await inParallel(all, async ({ name, question, reasons, field }) => {
    const [first] = reasons
    const where = `${name}, ${level}:${version}`
    if (first !== undefined) {
      const names = `violates PodSecurity "${level}:${version}": `
      await attempts.refused(where, transport, question, { names, causes: { reasons, field } }, signal)
      return
    }
    const key = writeJson([question.method, question.path, question.body])
    if (seen.has(key)) return
    seen.add(key)
    await attempts.accepted(where, transport, question, signal)
  })
}

export const podBody = (name: string, { spec, annotations }: Pick<BreachedPod, 'spec' | 'annotations'>) =>
  podObject(name, { ...spec, serviceAccountName: podAccount }, annotations === undefined ? {} : { annotations })

/** Creates what an attack changes; without it the attack would fail for another reason. */
export async function create({ transport }: ProofContext, path: string, body: unknown, signal: AbortSignal): Promise<void> {
  const answer = await request(transport, { method: 'POST', path, body }, signal)
  if (!succeeded(answer)) throw new Error(`POST ${path}: ${answer.status} ${answer.message}`)
}
