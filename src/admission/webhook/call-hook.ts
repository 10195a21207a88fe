// One call of one webhook: the review goes out, and what comes back is an outcome.

import { type ApiError, badRequest } from '../../api/status.ts'
import type { WebhookClientConfig } from '../../api/types/admissionregistration-v1.ts'
import type { WebhookEndpoint } from '../../base/webhook-endpoint.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { ClientIdentities } from './client-identity.ts'
import type { AnyWebhook, Hook } from './hook.ts'
import { InvalidAnswer, type ReviewAnswer, readAnswer, rejection, reviewBody, reviewVersion } from './review.ts'

/** How reviews leave the server. */
export interface ReviewSender {
  /**
   * POSTs the body over TLS to where `client` leads, follows no redirect, and resolves with the bounded body of a 2xx answer. Rejects with an Error
   * whose message is what Go's client would say; with the signal's reason where that aborts.
   */
  send(
    client: WebhookClientConfig,
    body: Buffer,
    timeoutSeconds: number,
    signal: AbortSignal,
    identities?: ClientIdentities,
  ): Promise<Buffer>
  /** The same to where a kubeconfig leads. */
  post(endpoint: WebhookEndpoint, body: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<Buffer>
}

export type CallOutcome =
  | { readonly outcome: 'answered'; readonly answer: ReviewAnswer }
  /** Without an answer where the webhook was not asked. */
  | { readonly outcome: 'rejected'; readonly error: ApiError; readonly answer?: ReviewAnswer }
  /** Nobody answered, or nothing that makes sense: the failure policy decides. */
  | { readonly outcome: 'failed'; readonly message: string }

export interface CallParts {
  readonly sender: ReviewSender
  readonly newUid: () => string
  /** As whom webhooks are called; default: as nobody. */
  readonly identities?: ClientIdentities
}

/** Seconds of a call where the webhook says nothing. */
const defaultTimeoutSeconds = 10

/** `reviewed` makes the JSON of the request in the version that the hook's rules name. Rejects only where `signal` aborts. */
export async function callHook(
  { webhook }: Hook,
  request: AdmissionRequest,
  reviewed: () => string,
  mutating: boolean,
  parts: CallParts,
  signal: AbortSignal,
  maxSeconds = Number.POSITIVE_INFINITY,
): Promise<CallOutcome> {
  const { name, sideEffects, clientConfig, admissionReviewVersions, timeoutSeconds = defaultTimeoutSeconds } = webhook
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    return { outcome: 'rejected', error: badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`) }
  }
  const version = reviewVersion(admissionReviewVersions)
  if (version === undefined) {
    return failure(webhook, 'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)')
  }
  const uid = parts.newUid()
  let body: Buffer
  try {
    const seconds = Math.min(timeoutSeconds, maxSeconds)
    body = await parts.sender.send(clientConfig, reviewBody(version, uid, reviewed()), seconds, signal, parts.identities)
  } catch (err) {
    signal.throwIfAborted()
    return failure(webhook, `failed to call webhook: ${err instanceof Error ? err.message : String(err)}`)
  }
  try {
    const answer = readAnswer(body, version, uid, mutating)
    return answer.allowed ? { outcome: 'answered', answer } : { outcome: 'rejected', error: rejection(name, answer.result), answer }
  } catch (err) {
    if (!(err instanceof InvalidAnswer)) throw err
    return failure(webhook, err.unreadable ? `failed to call webhook: ${err.message}` : `received invalid webhook response: ${err.message}`)
  }
}

const failure = ({ name }: AnyWebhook, why: string): CallOutcome => ({
  outcome: 'failed',
  message: `failed calling webhook ${JSON.stringify(name)}: ${why}`,
})
