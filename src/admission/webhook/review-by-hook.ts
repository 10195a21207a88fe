// Calls one webhook for a request, and handles failures, warnings, annotations and waits in the same way for both kinds.
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { type ApiError, internalError, timedOut } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { HookObservation } from '../admission-metrics.ts'
import type { DecideFor } from '../policy/request-view.ts'
import { annotateAnswer } from './answer-annotations.ts'
import { type CallOutcome, type CallParts, callHook } from './call-hook.ts'
import type { Hook, HookContext } from './hook.ts'
import type { HookHealth } from './hook-health.ts'
import type { ReviewAnswer } from './review.ts'
import { isSystemRequest } from './system-request.ts'

export interface WebhookContext extends HookContext, CallParts {
  readonly decide: DecideFor
  readonly health: HookHealth
  readonly clock: Clock
  readonly log: Logger
  /** Whether requests of the cluster itself pass if a webhook does not answer; upstream has no such rule. */
  readonly exemptsSystem: boolean
}

/** Longer calls are recorded. */
const recordedWaitMs = 100
/** On the audit event: slow webhooks and those that did not answer. */
export const waitsAnnotation = 'admission.bulkhead.dev/webhooks'
/** Longest wait of a request of the cluster itself for one webhook. */
const maxSystemSeconds = 3

export interface HookWait {
  readonly webhook: string
  readonly configuration: string
  readonly milliseconds: number
  /** Why it did not answer. */
  readonly failure?: string
  /** The request continued without its answer. */
  readonly passed?: true
}

export interface HookAnswer {
  readonly outcome: 'answered'
  readonly answer: ReviewAnswer
}

export type HookOutcome =
  | HookAnswer
  | { readonly outcome: 'refused'; readonly error: ApiError }
  /** It did not answer, and the request continues. */
  | { readonly outcome: 'passed' }

export interface HookCall {
  readonly hook: Hook
  readonly version: ResourceDefinition
  readonly mutating: boolean
  /** The JSON of the request in that version. */
  readonly reviewed: () => string
  /** The audit annotation if the hook fails open. */
  readonly failedOpenKey: string
}

/** `waits` collects entries for the audit event. */
export async function reviewByHook(
  asked: HookCall,
  request: AdmissionRequest,
  waits: HookWait[],
  context: WebhookContext,
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { hook, mutating, reviewed, failedOpenKey } = asked
  const { clock, health, log } = context
  const { name } = hook.webhook
  const spared = context.exemptsSystem && isSystemRequest(request)
  const began = clock.now()
  const skipped = spared && health.isDead(hook, began)
  const call = () =>
    callHook(hook, request, reviewed, mutating, context, signal, spared ? maxSystemSeconds : undefined).catch(err => {
      if (signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
      throw err
    })
  const outcome: CallOutcome = skipped
    ? { outcome: 'failed', message: `webhook ${writeJson(name)} does not answer` }
    : await (request.externalWait?.during(call()) ?? call())
  const milliseconds = clock.now() - began
  const observe = (outcome: HookObservation['outcome'], code?: number): void => {
    const of = { name, mutating, operation: request.operation, seconds: milliseconds / 1000 }
    context.metrics.hook({ ...of, outcome, ...(code === undefined ? {} : { code }) })
  }
  const wait = { webhook: name, configuration: hook.configuration, milliseconds }
  if (outcome.outcome === 'failed') {
    const { message } = outcome
    const passed = hook.failsOpen || spared
    // An Event reports the failure; writing that Event must not cause the next one.
    if (!skipped && request.resource.plural !== 'events') health.failed(hook, message, clock.now())
    log.debug(passed ? 'webhook failed, request continues' : 'webhook failed, request refused', { webhook: name, why: message })
    waits.push({ ...wait, failure: message, ...(passed ? { passed: true as const } : {}) })
    observe(passed ? 'passed' : 'failed')
    if (!passed) return { outcome: 'refused', error: internalError(message) }
    request.annotate(failedOpenKey, name)
    return { outcome: 'passed' }
  }
  health.answered(hook)
  if (milliseconds >= recordedWaitMs) waits.push(wait)
  if (outcome.answer !== undefined) passOn(outcome.answer, name, request)
  observe(outcome.outcome, outcome.outcome === 'rejected' ? outcome.error.status.code : undefined)
  return outcome.outcome === 'answered' ? outcome : { outcome: 'refused', error: outcome.error }
}

function passOn({ annotations, warnings }: ReviewAnswer, webhook: string, request: AdmissionRequest): void {
  annotateAnswer(request, `${webhook}/`, annotations)
  for (const warning of warnings) request.warn(warning)
}

export function recordWaits(waits: readonly HookWait[], request: AdmissionRequest): void {
  if (waits.length > 0) request.annotate(waitsAnnotation, writeJson(waits))
}
